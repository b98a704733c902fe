"""Policies attached with a resource group, through the official SDKs: a resource group is a workspace, and nothing counts outside of it."""

from collections.abc import Iterator

import pytest
from alibabacloud_modelstudio20260210.models import DeleteWorkspaceRequest
from alibabacloud_ram20150501 import models

from support import ram, studio
from support.cloud import Cloud
from support.refusals import NO_PERMISSION, refused
from support.world import World

MANAGES = "AliyunBailianFullAccess"
ACCOUNT_LEVEL = "AccountLevelIdentityBasedPolicy"
WORKSPACE_LEVEL = "ResourceGroupLevelIdentityBasedPolicy"


@pytest.fixture(scope="module")
def groups(world: World) -> Iterator[tuple[str, str]]:
    """Two workspaces with a member who has no policy."""
    world.hire("scoped")
    root = world.root
    root.ours("AddUser", body={"type": "RamUser", "userName": "scoped", "displayName": "Scoped"})
    created = [studio.create_workspace(root, name).workspace_id for name in ("Scope one", "Scope two")]
    for workspace in created:
        root.ours("AddMember", workspaceId=workspace, body={"userName": "scoped", "pages": []})
    yield created[0], created[1]
    for workspace in created:
        root.studio.delete_workspace(workspace, DeleteWorkspaceRequest())
    root.ours("RemoveUser", userName="scoped")
    ram.delete_user(root, "scoped")


def rename(cloud: Cloud, workspace: str) -> None:
    """Does in a workspace what management may."""
    cloud.ours("RenameWorkspace", workspaceId=workspace, workspaceName=f"N {workspace[4:]}")


def refused_by(cloud: Cloud, workspace: str, kind: str, level: str) -> str:
    """Is refused by these policies, and gives the encoded message."""
    with refused(403, NO_PERMISSION) as refusal:
        rename(cloud, workspace)
    assert (refusal.detail["NoPermissionType"], refusal.detail["PolicyType"]) == (kind, level)
    return refusal.detail["EncodedDiagnosticMessage"]


class TestUsers:
    """Attached to a user with `resource_group_id`."""

    def test_it_counts_in_its_workspace_alone(self, world: World, root: Cloud, groups: tuple[str, str]) -> None:
        (here, there), user = groups, world.person("scoped")
        refused_by(user, here, "ImplicitDeny", ACCOUNT_LEVEL)
        ram.attach(root, MANAGES, "scoped", "System", workspace=here)
        rename(user, here)
        refused_by(user, there, "ImplicitDeny", ACCOUNT_LEVEL)
        with refused(403, NO_PERMISSION):
            studio.create_workspace(user, "Never")
        with refused(409, "EntityAlreadyExists.User.Policy"):
            ram.attach(root, MANAGES, "scoped", "System", workspace=here)

    def test_the_account_and_each_workspace_are_detached_by_themselves(self, world: World, root: Cloud, groups: tuple[str, str]) -> None:
        (here, there), user = groups, world.person("scoped")
        ram.attach(root, MANAGES, "scoped", "System", workspace=there)
        ram.attach(root, MANAGES, "scoped", "System")
        listed = root.ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name="scoped")).body.policies.policy
        assert [policy.policy_name for policy in listed] == [MANAGES] * 3
        ram.detach(root, MANAGES, "scoped", "System")
        for workspace in (here, there):
            rename(user, workspace)
        ram.detach(root, MANAGES, "scoped", "System", workspace=there)
        rename(user, here)
        refused_by(user, there, "ImplicitDeny", ACCOUNT_LEVEL)
        for workspace in (None, there):
            with refused(404, "EntityNotExist.User.Policy"):
                ram.detach(root, MANAGES, "scoped", "System", workspace=workspace)
        ram.detach(root, MANAGES, "scoped", "System", workspace=here)
        refused_by(user, here, "ImplicitDeny", ACCOUNT_LEVEL)

    def test_a_deny_of_either_scope_wins_and_is_decoded(self, world: World, root: Cloud, groups: tuple[str, str]) -> None:
        (here, there), user = groups, world.person("scoped")
        ram.create_policy(root, "scoped-denies", ram.statement("Deny", "modelstudio:Rename*"))
        ram.attach(root, MANAGES, "scoped", "System")
        ram.attach(root, "scoped-denies", "scoped", workspace=here)
        rename(user, there)
        message = refused_by(user, here, "ExplicitDeny", WORKSPACE_LEVEL)
        told = root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=message)).body.decoded_diagnostic_message
        assert (told.explicit_deny, told.no_permission_policy_type) == (True, WORKSPACE_LEVEL)
        matched = {policy.policy_identifier: (policy.policy_type, policy.attached_scope, policy.effect) for policy in told.matched_policies}
        assert matched == {"scoped-denies": (WORKSPACE_LEVEL, here, "Deny"), MANAGES: (ACCOUNT_LEVEL, "Account", "Allow")}
        ram.detach(root, "scoped-denies", "scoped", workspace=here)
        ram.detach(root, MANAGES, "scoped", "System")
        ram.attach(root, "scoped-denies", "scoped")
        ram.attach(root, MANAGES, "scoped", "System", workspace=here)
        refused_by(user, here, "ExplicitDeny", ACCOUNT_LEVEL)
        ram.detach(root, "scoped-denies", "scoped")
        rename(user, here)
        ram.detach(root, MANAGES, "scoped", "System", workspace=here)
        root.ram.delete_policy(models.DeletePolicyRequest(policy_name="scoped-denies"))

    def test_what_is_no_workspace_is_no_resource_group(self, root: Cloud, groups: tuple[str, str]) -> None:
        assert groups
        for wrong in ("llm-0123456789abcdef", "rg-acfmx2yy3p6example", ""):
            with refused(404, "EntityNotExist.ResourceGroup") as refusal:
                ram.attach(root, MANAGES, "scoped", "System", workspace=wrong)
            assert refusal.message == "The resource group does not exist."


class TestGroupsAndRoles:
    """Members of a group and sessions of a role have what is attached to it."""

    def test_a_member_of_a_group(self, world: World, root: Cloud, groups: tuple[str, str]) -> None:
        (here, there), user = groups, world.person("scoped")
        ram.create_group(root, "scoped-ones")
        ram.join(root, "scoped", "scoped-ones")
        ram.attach_to_group(root, MANAGES, "scoped-ones", "System", workspace=here)
        rename(user, here)
        refused_by(user, there, "ImplicitDeny", ACCOUNT_LEVEL)
        with refused(404, "EntityNotExist.Group.Policy"):
            ram.detach_from_group(root, MANAGES, "scoped-ones", "System")
        ram.detach_from_group(root, MANAGES, "scoped-ones", "System", workspace=here)
        refused_by(user, here, "ImplicitDeny", ACCOUNT_LEVEL)
        ram.leave(root, "scoped", "scoped-ones")
        root.ram.delete_group(models.DeleteGroupRequest(group_name="scoped-ones"))

    def test_a_session_of_a_role(self, world: World, root: Cloud, account: str, groups: tuple[str, str]) -> None:
        (here, there), user = groups, world.person("scoped")
        role = ram.create_role(root, "scoped-role", ram.trust(f"acs:ram::{account}:root"))
        ram.attach(root, "AliyunSTSAssumeRoleAccess", "scoped", "System")
        session = ram.take(user, role.arn)
        ram.attach_to_role(root, MANAGES, "scoped-role", "System", workspace=here)
        rename(session, here)
        with refused(403, "Workspace.AccessDenied"):
            rename(session, there)
        with refused(409, "DeleteConflict.Role.Policy"):
            root.ram.delete_role(models.DeleteRoleRequest(role_name="scoped-role"))
        ram.detach_from_role(root, MANAGES, "scoped-role", "System", workspace=here)
        with refused(403, "Workspace.AccessDenied"):
            rename(session, here)
        ram.detach(root, "AliyunSTSAssumeRoleAccess", "scoped", "System")
        root.ram.delete_role(models.DeleteRoleRequest(role_name="scoped-role"))
