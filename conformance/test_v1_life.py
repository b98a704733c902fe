"""The rest of RAM through the older SDK: groups, roles, versions, passwords, MFA devices, account, each for its whole life."""

from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_ram20150501 import models

from support import ram, totp
from support.cloud import Cloud
from support.ledger import LEDGER
from support.refusals import not_permitted
from support.v1 import OldCloud, old_refused
from support.world import World

ODD = "a b+c*~é/'!()研发"
READ = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess"}
TRUST = ram.trust("ecs.aliyuncs.com", kind="Service")
FIRST, SECOND = "Old-password-1", "Old-password-2"


@pytest.fixture(scope="module")
def old(world: World) -> OldCloud:
    """Root, with the older client."""
    return OldCloud(world.root)


def paged(old: OldCloud, action: str, rows: Callable[[dict[str, Any]], list[dict[str, Any]]], **parameters: object) -> list[dict[str, Any]]:
    """All rows of a list, two a page."""
    found: list[dict[str, Any]] = []
    while True:
        page = old.act(action, MaxItems=2, **parameters)
        assert len(rows(page)) <= 2
        assert page["IsTruncated"] is ("Marker" in page)
        found += rows(page)
        if not page["IsTruncated"]:
            return found
        parameters["Marker"] = page["Marker"]


def test_groups_live(old: OldCloud) -> None:
    groups, users = ([f"old-{kind}-{number}" for number in range(3)] for kind in ("group", "member"))
    for group, user in zip(groups, users, strict=True):
        assert old.act("CreateGroup", GroupName=group, Comments=ODD)["Group"]["Comments"] == ODD
        old.act("CreateUser", UserName=user)
        old.act("AddUserToGroup", GroupName=groups[0], UserName=user)
    assert old.act("GetGroup", GroupName=groups[0])["Group"]["GroupName"] == groups[0]
    listed = paged(old, "ListGroups", lambda page: page["Groups"]["Group"])
    assert [row["GroupName"] for row in listed if row["GroupName"] in groups] == groups
    members = paged(old, "ListUsersForGroup", lambda page: page["Users"]["User"], GroupName=groups[0])
    assert [row["UserName"] for row in members] == users
    everybody = paged(old, "ListUsers", lambda page: page["Users"]["User"])
    assert [row["UserName"] for row in everybody if row["UserName"] in users] == users
    assert [row["GroupName"] for row in old.act("ListGroupsForUser", UserName=users[0])["Groups"]["Group"]] == [groups[0]]

    old.act("AttachPolicyToGroup", GroupName=groups[0], **READ)
    (policy,) = old.act("ListPoliciesForGroup", GroupName=groups[0])["Policies"]["Policy"]
    assert policy["PolicyName"] == READ["PolicyName"]
    holders = old.act("ListEntitiesForPolicy", **READ)["Groups"]["Group"]
    assert groups[0] in {row["GroupName"] for row in holders}
    with old_refused(409, "DeleteConflict.Group.User"):
        old.act("DeleteGroup", GroupName=groups[0])
    for user in users:
        old.act("RemoveUserFromGroup", GroupName=groups[0], UserName=user)
        old.act("DeleteUser", UserName=user)
    with old_refused(409, "DeleteConflict.Group.Policy"):
        old.act("DeleteGroup", GroupName=groups[0])
    old.act("DetachPolicyFromGroup", GroupName=groups[0], **READ)
    old.act("UpdateGroup", GroupName=groups[0], NewGroupName="old-group-new", NewComments="")
    for group in ("old-group-new", *groups[1:]):
        old.act("DeleteGroup", GroupName=group)
        with old_refused(404, "EntityNotExist.Group"):
            old.act("GetGroup", GroupName=group)


def test_roles_live(old: OldCloud) -> None:
    roles = [f"old-role-{number}" for number in range(3)]
    for role in roles:
        made = old.act("CreateRole", RoleName=role, AssumeRolePolicyDocument=TRUST, MaxSessionDuration=7200)["Role"]
        assert made["MaxSessionDuration"] == 7200
    old.act("UpdateRole", RoleName=roles[0], NewDescription=ODD, NewMaxSessionDuration=3600)
    read = old.act("GetRole", RoleName=roles[0])["Role"]
    assert (read["Description"], read["MaxSessionDuration"]) == (ODD, 3600)
    listed = paged(old, "ListRoles", lambda page: page["Roles"]["Role"])
    assert [row["RoleName"] for row in listed if row["RoleName"] in roles] == roles

    old.act("AttachPolicyToRole", RoleName=roles[0], **READ)
    (policy,) = old.act("ListPoliciesForRole", RoleName=roles[0])["Policies"]["Policy"]
    assert policy["PolicyName"] == READ["PolicyName"]
    with old_refused(409, "DeleteConflict.Role.Policy"):
        old.act("DeleteRole", RoleName=roles[0])
    old.act("DetachPolicyFromRole", RoleName=roles[0], **READ)

    which = {"ResourceType": "role", "ResourceNames": roles[:2]}
    old.act("TagResources", Tag=[{"Key": "team", "Value": "研发"}], **which)
    first = old.act("ListTagResources", PageSize=1, **which)
    second = old.act("ListTagResources", PageSize=1, NextToken=first["NextToken"], **which)
    assert [(row["ResourceName"], row["TagValue"]) for page in (first, second) for row in page["TagResources"]] == [
        (role, "研发") for role in roles[:2]
    ]
    old.act("UntagResources", TagKeys=["team"], **which)
    assert old.act("ListTagResources", **which)["TagResources"] == []
    for role in roles:
        old.act("DeleteRole", RoleName=role)
        with old_refused(404, "EntityNotExist.Role"):
            old.act("GetRole", RoleName=role)


def test_versions_live(old: OldCloud) -> None:
    policy = {"PolicyName": "old-versions"}
    document = ram.document(ram.statement("Allow", "ram:Get*"))
    old.act("CreatePolicy", PolicyDocument=document, **policy)
    for number in range(2, 6):
        made = old.act("CreatePolicyVersion", PolicyDocument=document, **policy)["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", False)
    with old_refused(409, "LimitExceeded.Policy.Version"):
        old.act("CreatePolicyVersion", PolicyDocument=document, **policy)
    old.act("CreatePolicyVersion", PolicyDocument=document, RotateStrategy="DeleteOldestNonDefaultVersionWhenLimitExceeded", **policy)
    of_custom = policy | {"PolicyType": "Custom"}
    listed = old.act("ListPolicyVersions", **of_custom)["PolicyVersions"]["PolicyVersion"]
    assert {row["VersionId"] for row in listed} == {"v1", "v3", "v4", "v5", "v6"}
    old.act("SetDefaultPolicyVersion", VersionId="v6", **policy)
    assert old.act("GetPolicyVersion", VersionId="v6", **of_custom)["PolicyVersion"]["IsDefaultVersion"] is True
    with old_refused(409, "DeleteConflict.Policy.Version.Default"):
        old.act("DeletePolicyVersion", VersionId="v6", **policy)
    old.act("DeletePolicyVersion", VersionId="v1", **policy)
    old.act("UpdatePolicyDescription", NewDescription=ODD, **policy)
    listed = paged(old, "ListPolicies", lambda page: page["Policies"]["Policy"], PolicyType="Custom")
    (row,) = [row for row in listed if row["PolicyName"] == policy["PolicyName"]]
    assert (row["DefaultVersion"], row["Description"]) == ("v6", ODD)
    old.act("DeletePolicy", CascadingDelete=True, **policy)
    with old_refused(404, "EntityNotExist.Policy"):
        old.act("GetPolicy", **of_custom)


def test_passwords_and_devices_live(world: World, old: OldCloud) -> None:
    user = {"UserName": "old-login"}
    old.act("CreateUser", **user)
    key = old.act("CreateAccessKey", **user)["AccessKey"]
    LEDGER.access_key("old-login", key["AccessKeyId"], key["AccessKeySecret"])
    of_key = user | {"UserAccessKeyId": key["AccessKeyId"]}
    assert "LastUsedDate" not in old.act("GetAccessKeyLastUsed", **of_key)["AccessKeyLastUsed"]
    for password in (FIRST, SECOND):
        LEDGER.secret("password of old-login", password)
    old.act("CreateLoginProfile", Password=FIRST, PasswordResetRequired=True, **user)
    old.act("UpdateLoginProfile", PasswordResetRequired=False, **user)
    assert old.act("GetLoginProfile", **user)["LoginProfile"]["PasswordResetRequired"] is False
    own = OldCloud(Cloud(world.server.control, key["AccessKeyId"], key["AccessKeySecret"]))
    own.act("ChangePassword", OldPassword=FIRST, NewPassword=SECOND)
    with old_refused(400, "InvalidParameter.OldPassword.Incorrect"):
        own.act("ChangePassword", OldPassword=FIRST, NewPassword=SECOND)
    assert old.act("GetAccessKeyLastUsed", **of_key)["AccessKeyLastUsed"]["LastUsedDate"].endswith("Z")

    device = old.act("CreateVirtualMFADevice", VirtualMFADeviceName="old-device")["VirtualMFADevice"]
    seed, serial = LEDGER.secret("seed of old-device", device["Base32StringSeed"]), {"SerialNumber": device["SerialNumber"]}
    step = totp.now()
    codes = {"AuthenticationCode1": totp.code(seed, step - 1), "AuthenticationCode2": totp.code(seed, step)}
    old.act("BindMFADevice", **user, **serial, **codes)
    assert old.act("GetUserMFAInfo", **user)["MFADevice"] == serial | {"Type": "VMFA"}
    devices = old.act("ListVirtualMFADevices")["VirtualMFADevices"]["VirtualMFADevice"]
    (row,) = [row for row in devices if row["SerialNumber"] == device["SerialNumber"]]
    assert row["User"]["UserName"] == "old-login"
    with old_refused(409, "DeleteConflict.VirtualMFADevice.User"):
        old.act("DeleteVirtualMFADevice", **serial)
    assert old.act("UnbindMFADevice", **user)["MFADevice"] == serial
    old.act("DeleteVirtualMFADevice", **serial)
    old.act("DeleteLoginProfile", **user)
    old.act("DeleteAccessKey", **of_key)
    old.act("DeleteUser", **user)


def test_the_account_has_an_alias_and_rules(old: OldCloud) -> None:
    old.act("SetAccountAlias", AccountAlias="old-alias")
    assert old.act("GetAccountAlias")["AccountAlias"] == "old-alias"
    old.act("ClearAccountAlias")
    assert old.act("SetPasswordPolicy", MinimumPasswordLength=12)["PasswordPolicy"]["MinimumPasswordLength"] == 12
    old.act("SetPasswordPolicy")
    assert old.act("GetPasswordPolicy")["PasswordPolicy"]["MinimumPasswordLength"] == 8
    old.act("SetSecurityPreference", LoginSessionDuration=2)
    preference = old.act("GetSecurityPreference")["SecurityPreference"]
    assert preference["LoginProfilePreference"]["LoginSessionDuration"] == 2
    old.act("SetSecurityPreference", LoginSessionDuration=6)


def test_a_refusal_is_decoded(world: World, old: OldCloud) -> None:
    user = world.hire("old-refused")
    with not_permitted("ram:ListUsers") as refusal:
        user.ram.list_users(models.ListUsersRequest())
    told = old.act("DecodeDiagnosticMessage", EncodedDiagnosticMessage=refusal.detail["EncodedDiagnosticMessage"])
    assert told["DecodedDiagnosticMessage"]["AuthAction"] == "ram:ListUsers"
