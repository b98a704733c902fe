"""Every quota is a setting, is reached with an official client, and is all that stands in the way."""

import json
from collections.abc import Callable

import pytest
from alibabacloud_ims20190815 import models as ims
from alibabacloud_ram20150501 import models

from support import oidc, ram, studio
from support.cloud import Cloud
from support.documented import Call, begins
from support.ledger import LEDGER
from support.ram import setting
from support.refusals import refused
from support.world import World

USER, GROUP, ROLE, POLICY = "quotas-user", "quotas-group", "quotas-role", "quotas-policy"
NEW = "quotas-new"
READ = "AliyunRAMReadOnlyAccess"
TRUST = ram.trust("ecs.aliyuncs.com", kind="Service")

@pytest.fixture(scope="module", autouse=True)
def cast(world: World) -> None:
    """One of each that something is to be added to."""
    root = world.root
    ram.create_user(root, USER)
    ram.create_group(root, GROUP)
    ram.create_role(root, ROLE, TRUST)
    ram.create_policy(root, POLICY, ram.statement("Allow", "sfm:ListIndex"))


@pytest.fixture(scope="module")
def taker(world: World) -> Callable[[], None]:
    """Somebody who may take a role, taking it."""
    cloud = world.hire("quotas-taker")
    ram.attach(world.root, "AliyunSTSAssumeRoleAccess", "quotas-taker", "System")
    role = ram.create_role(world.root, "quotas-taken", ram.trust(f"acs:ram::{world.account.account_id}:root"))
    return lambda: ram.take(cloud, role.arn)


def version(root: Cloud) -> None:
    """CreatePolicyVersion."""
    document = ram.document(ram.statement("Allow", "sfm:ListIndex"))
    root.ram.create_policy_version(models.CreatePolicyVersionRequest(policy_name=POLICY, policy_document=document))


def device(root: Cloud) -> None:
    """CreateVirtualMFADevice."""
    made = root.ram.create_virtual_mfadevice(models.CreateVirtualMFADeviceRequest(virtual_mfadevice_name=NEW)).body
    LEDGER.secret(f"seed of {NEW}", made.virtual_mfadevice.base_32string_seed)


def service_credential(root: Cloud) -> None:
    """CreateServiceCredential."""
    made = root.ims.create_service_credential(ims.CreateServiceCredentialRequest(
        user_principal_name=USER, service_name="bailian", service_credential_name=NEW,
    )).body.service_credential
    LEDGER.service_credential(USER, made.service_credential_id, made.service_credential_secret)


def network_policy(root: Cloud) -> None:
    """SetAccessKeyPolicyForAccount, with one statement of one network, which is off."""
    policy = {"Version": 1, "Status": "Inactive", "Statements": [{"Type": "ClassicWhiteList", "IPList": ["10.0.0.0/8"]}]}
    root.ims.set_access_key_policy_for_account(ims.SetAccessKeyPolicyForAccountRequest(access_key_policy=json.dumps(policy)))


# Each quota: a call that it is lowered for until it refuses, the end of the code, and the sentence.
QUOTAS: dict[str, tuple[Call, str, str]] = {
    "quotaUsers": (lambda root: ram.create_user(root, NEW), "User", "The count of users beyond the current limits."),
    "quotaAccessKeysPerUser": (
        lambda root: ram.create_access_key(root, USER), "User.AccessKey", "The access key count of the user access keys beyond the current limits.",
    ),
    "quotaVirtualMfaDevices": (device, "VirtualMFADevice", "The count of virtual mfa devices beyond the current limits."),
    "quotaGroups": (lambda root: ram.create_group(root, NEW), "Group", "The count of groups beyond the current limits."),
    "quotaGroupsPerUser": (
        lambda root: ram.join(root, USER, GROUP), "User.Group", "The count of groups the target user joined beyond the current limits.",
    ),
    "quotaRoles": (lambda root: ram.create_role(root, NEW, TRUST), "Role", "The count of roles beyond the current limits."),
    "quotaPolicies": (
        lambda root: ram.create_policy(root, NEW, ram.statement("Allow", "sfm:ListIndex")), "Policy", "The count of policy beyond the current limits.",
    ),
    "quotaPolicyVersions": (version, "Policy.Version", "The count of policy version beyond the current limits."),
    "quotaCustomPoliciesPerUser": (
        lambda root: ram.attach(root, POLICY, USER), "User.Policy", "The policy count of the user attached policies beyond the current limits.",
    ),
    "quotaSystemPoliciesPerUser": (
        lambda root: ram.attach(root, READ, USER, "System"), "User.Policy",
        "The policy count of the user attached policies beyond the current limits.",
    ),
    "quotaCustomPoliciesPerGroup": (
        lambda root: ram.attach_to_group(root, POLICY, GROUP), "Group.Policy", "The policy count of the group beyond the current limits.",
    ),
    "quotaSystemPoliciesPerGroup": (
        lambda root: ram.attach_to_group(root, READ, GROUP, "System"), "Group.Policy", "The policy count of the group beyond the current limits.",
    ),
    "quotaCustomPoliciesPerRole": (
        lambda root: ram.attach_to_role(root, POLICY, ROLE), "Role.Policy", "The count of policies attached to the role beyond the current limits.",
    ),
    "quotaSystemPoliciesPerRole": (
        lambda root: ram.attach_to_role(root, READ, ROLE, "System"), "Role.Policy",
        "The count of policies attached to the role beyond the current limits.",
    ),
    "quotaOidcProviders": (
        lambda root: oidc.provide(root, NEW, "https://quotas.example/new"), "OIDCProvider", "The count of OIDC providers beyond the current limits.",
    ),
    "quotaAccessKeyPolicyStatements": (network_policy, "AccessKeyPolicy.Statement", "The count of statements beyond the current limits."),
    "quotaAccessKeyPolicyAddresses": (network_policy, "AccessKeyPolicy.IPList", "The count of addresses beyond the current limits."),
    "quotaServiceCredentials": (service_credential, "User.ServiceCredential", "The count of service credentials beyond the current limits."),
    "quotaWorkspaces": (lambda root: studio.create_workspace(root, NEW), "Workspace", "The count of workspaces beyond the current limits."),
    "quotaApiKeysPerWorkspace": (lambda root: studio.create_key(root, None, NEW), "Workspace.ApiKey", "The count of API keys of the workspace beyond the current limits."),
}

FLOW = "quotaAssumeRolePerSecond"
USUAL = {
    "quotaUsers": 1000, "quotaAccessKeysPerUser": 2, "quotaVirtualMfaDevices": 1000, "quotaGroups": 50, "quotaGroupsPerUser": 5, "quotaRoles": 1000,
    "quotaPolicies": 1500, "quotaPolicyVersions": 5, "quotaCustomPoliciesPerUser": 10, "quotaSystemPoliciesPerUser": 20,
    "quotaCustomPoliciesPerGroup": 5, "quotaSystemPoliciesPerGroup": 20, "quotaCustomPoliciesPerRole": 5, "quotaSystemPoliciesPerRole": 20,
    "quotaOidcProviders": 100, FLOW: 100,
}


# What GetAccountSummary calls them.
SUMMARY = {
    "quotaUsers": "UsersQuota", "quotaAccessKeysPerUser": "AccessKeysPerUserQuota", "quotaVirtualMfaDevices": "VirtualMFADevicesQuota",
    "quotaGroups": "GroupsQuota", "quotaGroupsPerUser": "GroupsPerUserQuota", "quotaRoles": "RolesQuota", "quotaPolicies": "PoliciesQuota",
    "quotaPolicyVersions": "VersionsPerPolicyQuota", "quotaCustomPoliciesPerUser": "AttachedPoliciesPerUserQuota",
    "quotaSystemPoliciesPerUser": "AttachedSystemPoliciesPerUserQuota", "quotaCustomPoliciesPerGroup": "AttachedPoliciesPerGroupQuota",
    "quotaSystemPoliciesPerGroup": "AttachedSystemPoliciesPerGroupQuota", "quotaCustomPoliciesPerRole": "AttachedPoliciesPerRoleQuota",
    "quotaSystemPoliciesPerRole": "AttachedSystemPoliciesPerRoleQuota", "quotaAccessKeyPolicyStatements": "ConditionsPerAKPolicyQuota",
    "quotaAccessKeyPolicyAddresses": "IPItemsPerAKPolicyQuota", "quotaServiceCredentials": "ServiceCredentialsPerUserPerServiceQuota",
}


@pytest.mark.parametrize("name", SUMMARY)
def test_the_account_summary_tells_it(root: Cloud, name: str) -> None:
    with setting(root, name, 777):
        assert root.ims.get_account_summary().body.summary_map.to_map()[SUMMARY[name]] == 777


@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota_is_reached_and_raised(root: Cloud, name: str) -> None:
    call, code, sentence = QUOTAS[name]
    with setting(root, name, 0):
        begins(root, call, 409, f"LimitExceeded.{code}", sentence)
    call(root)


def test_a_quota_counts_what_is_there(root: Cloud) -> None:
    root.ours("UpdateSettings", body={"quotaGroupsPerUser": 2})
    try:
        for number in range(3):
            ram.create_group(root, f"quotas-{number}")
        ram.create_user(root, "quotas-joiner")
        for number in range(2):
            ram.join(root, "quotas-joiner", f"quotas-{number}")
        with refused(409, "LimitExceeded.User.Group") as refusal:
            ram.join(root, "quotas-joiner", "quotas-2")
        assert "The quota is 2" in refusal.message
        ram.leave(root, "quotas-joiner", "quotas-0")
        ram.join(root, "quotas-joiner", "quotas-2")
    finally:
        root.ours("UpdateSettings", body={"quotaGroupsPerUser": USUAL["quotaGroupsPerUser"]})


def test_roles_are_taken_so_often_in_a_second(root: Cloud, taker: Callable[[], None]) -> None:
    with setting(root, FLOW, 0), refused(400, "Throttling.User") as refusal:
        taker()
    assert refusal.message.startswith("Request was denied due to user flow control.")
    taker()


def test_every_quota_is_here_and_has_its_usual_value(root: Cloud) -> None:
    settings = root.ours("GetSettings")["settings"]
    quotas = {name for name in settings if name.startswith("quota")}
    assert quotas == QUOTAS.keys() | {FLOW}
    assert {name: settings[name] for name in USUAL} == USUAL
