"""Guide, "API permissions" and the second question of its FAQ: a policy for one API, and the body that a refused call gets."""

import re

import pytest
from alibabacloud_ram20150501.models import ListUsersRequest, UpdateAccessKeyRequest

from support import ram
from support.cloud import Cloud
from support.refusals import NO_PERMISSION, NOT_AUTHORIZED, Refusal, not_permitted, refused
from support.shapes import ALLOW, DENY, access_of_kind, decision, failed_link
from support.world import World

pytestmark = pytest.mark.story

CREATE_INDEX = "sfm:CreateIndex"


def create_index(world: World, name: str) -> dict[str, object]:
    """Whether this user may call `sfm:CreateIndex` in Workspace A, and why."""
    return decision(world.root.ours("Explain", body={
        "subject": {"type": "user", "id": world.user_ids[name]}, "action": CREATE_INDEX,
        "workspaceId": world.workspaces["Workspace A"],
    }))


def check_detail_of_the_faq(world: World, refusal: Refusal, name: str, action: str, kind: str) -> None:
    """The body of the guide's FAQ, field by field."""
    assert refusal.status == 403
    assert refusal.body["Code"] == NO_PERMISSION
    assert refusal.body["Message"] == NOT_AUTHORIZED
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", refusal.body["RequestId"])
    detail = dict(refusal.body["AccessDeniedDetail"])
    assert detail.pop("EncodedDiagnosticMessage")
    assert detail == {
        "AuthAction": action,
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalOwnerId": world.account.account_id,
        "AuthPrincipalDisplayName": world.user_ids[name],
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "NoPermissionType": kind,
    }


def test_without_a_policy_no_api_may_be_called(world: World) -> None:
    with refused(403, NO_PERMISSION) as refusal:
        world.person("frank").ram.list_users(ListUsersRequest())
    check_detail_of_the_faq(world, refusal, "frank", "ram:ListUsers", "ImplicitDeny")


def test_a_policy_for_one_api_allows_that_one(world: World, root: Cloud) -> None:
    ram.create_policy(root, "list-users-only", ram.statement("Allow", "ram:ListUsers"))
    ram.attach(root, "list-users-only", "frank")
    assert world.person("frank").ram.list_users(ListUsersRequest()).body.users.user


def test_another_api_answers_the_body_of_the_faq_field_by_field(world: World, root: Cloud) -> None:
    with refused(403, NO_PERMISSION) as refusal:
        ram.create_user(world.person("frank"), "intruder")
    check_detail_of_the_faq(world, refusal, "frank", "ram:CreateUser", "ImplicitDeny")
    world.request_ids["NoPermission"] = refusal.request_id
    assert "intruder" not in {user.user_name for user in root.ram.list_users(ListUsersRequest()).body.users.user}


def test_that_refusal_explains_itself(world: World, root: Cloud) -> None:
    request_id = world.request_ids["NoPermission"]
    found = decision(root.ours("GetDecision", requestId=request_id))
    assert found["outcome"] == DENY
    assert found["requestId"] == request_id
    assert "ram:CreateUser" in str(found["chain"])


def test_an_explicit_deny_wins_and_is_named(world: World, root: Cloud) -> None:
    ram.create_policy(root, "no-listing", ram.statement("Deny", "ram:List*"))
    ram.attach(root, "no-listing", "frank")
    with refused(403, NO_PERMISSION) as refusal:
        world.person("frank").ram.list_users(ListUsersRequest())
    check_detail_of_the_faq(world, refusal, "frank", "ram:ListUsers", "ExplicitDeny")


def test_a_detached_policy_ends_at_once(world: World, root: Cloud) -> None:
    ram.detach(root, "no-listing", "frank")
    assert world.person("frank").ram.list_users(ListUsersRequest()).body.users.user
    ram.detach(root, "list-users-only", "frank")
    with not_permitted("ram:ListUsers"):
        world.person("frank").ram.list_users(ListUsersRequest())


def test_rule_4_a_policy_without_membership_does_not_allow(world: World, root: Cloud) -> None:
    """frank may call the API as far as RAM goes, and is in no workspace."""
    ram.create_policy(root, "create-index", ram.statement("Allow", CREATE_INDEX))
    ram.attach(root, "create-index", "frank")
    found = create_index(world, "frank")
    assert found["outcome"] == DENY
    assert failed_link(found)["check"] == "membership"


def test_rule_4_membership_without_a_policy_does_not_allow(world: World) -> None:
    """carol may do everything on the pages of the workspace, and that is not the API."""
    found = create_index(world, "carol")
    assert found["outcome"] == DENY
    assert CREATE_INDEX in str(failed_link(found))


def test_rule_4_a_policy_and_membership_together_allow(world: World, root: Cloud) -> None:
    root.ours("AddMember", workspaceId=world.workspaces["Workspace A"], body={"userName": "frank", "pages": []})
    found = create_index(world, "frank")
    assert found["outcome"] == ALLOW


def test_rule_4_an_explicit_deny_wins(world: World, root: Cloud) -> None:
    ram.create_policy(root, "no-sfm", ram.statement("Deny", "sfm:*"))
    ram.attach(root, "no-sfm", "frank")
    found = create_index(world, "frank")
    assert found["outcome"] == DENY
    assert found["reason"] == "explicit_deny"
    assert "no-sfm" in str(failed_link(found)), "the policy that denies is named, or nobody could detach it"
    ram.detach(root, "no-sfm", "frank")
    assert create_index(world, "frank")["outcome"] == ALLOW


def test_effective_access_says_which_policy_gives_an_api(world: World, root: Cloud) -> None:
    answer = root.ours("GetEffectiveAccess", workspaceId=world.workspaces["Workspace A"], userName="frank")
    (action, source), = access_of_kind(answer, "api").items()
    assert action == CREATE_INDEX
    assert "create-index" in source


def test_rule_9_granting_policies_needs_ram_permission(world: World) -> None:
    """Guide: "an Alibaba Cloud account or a RAM user with the AliyunRAMFullAccess system policy"."""
    for name in ("frank", "carol"):
        with not_permitted("ram:AttachPolicyToUser"):
            ram.attach(world.person(name), "AliyunBailianFullAccess", name, "System")


def test_a_user_with_ram_permission_grants_policies(world: World, root: Cloud) -> None:
    """And grace needs no membership for that: RAM is account-wide."""
    ram.attach(root, "AliyunRAMFullAccess", "grace", "System")
    ram.create_policy(world.person("grace"), "read-users", ram.statement("Allow", "ram:GetUser"))
    ram.attach(world.person("grace"), "read-users", "frank")
    ram.detach(world.person("grace"), "read-users", "frank")


def test_rule_1_nobody_takes_anything_from_root(world: World, root: Cloud) -> None:
    """A full administrator is a user still: root's access key is not hers to see or to switch off."""
    ram.attach(root, "AdministratorAccess", "grace", "System")
    grace = world.person("grace")
    with refused(404, "EntityNotExist.User.AccessKey"):
        grace.ram.update_access_key(UpdateAccessKeyRequest(user_access_key_id=root.access_key_id, status="Inactive"))
    assert root.sts.get_caller_identity().body.identity_type == "Account"
    ram.detach(root, "AdministratorAccess", "grace", "System")
    ram.detach(root, "AliyunRAMFullAccess", "grace", "System")
