"""Guide, "Management permissions" and the first question of its FAQ: managing workspaces gives access to none of them."""

import pytest

from support import ram, studio
from support.cloud import Cloud
from support.gateway import say
from support.refusals import not_permitted, outside_workspace
from support.world import QWEN_MAX, QWEN_PLUS, World

pytestmark = pytest.mark.story

FULL_ACCESS = "AliyunBailianFullAccess"


def test_without_the_policy_system_administration_is_closed(world: World) -> None:
    with not_permitted("modelstudio:CreateWorkspace"):
        studio.create_workspace(world.person("bob"), "Workspace C")


def test_rule_5_the_system_policy_opens_system_administration(world: World, root: Cloud) -> None:
    ram.attach(root, FULL_ACCESS, "bob", "System")
    bob = world.person("bob")
    world.workspaces["Workspace C"] = studio.create_workspace(bob, "Workspace C").workspace_id
    bob.ours("AddUser", body={"type": "RamUser", "userName": "grace", "displayName": "Grace"})
    assert set(studio.workspaces(bob)) == {world.default, *world.workspaces.values()}, "it manages them all"


def test_rule_5_it_gives_no_access_to_any_workspace_not_even_to_ones_own(world: World) -> None:
    """Guide, FAQ: "To access a workspace, the user must obtain member permissions for that workspace"."""
    bob = world.person("bob")
    for name in ("Workspace A", "Workspace C"):
        workspace = world.workspaces[name]
        with outside_workspace():
            studio.permit(bob, workspace, QWEN_MAX)
        with outside_workspace():
            studio.limit(bob, workspace, QWEN_PLUS, 1)
    assert studio.permissions(world.root, world.workspaces["Workspace C"]) == {}


def test_rule_9_management_may_add_anybody_itself_included(world: World) -> None:
    bob, workspace = world.person("bob"), world.workspaces["Workspace C"]
    bob.ours("AddMember", workspaceId=workspace, body={"userName": "grace", "pages": ["api-key"]})
    member = bob.ours("AddMember", workspaceId=workspace, body={"userName": "bob", "pages": []})["member"]
    assert member["userName"] == "bob"


def test_rule_5_management_and_membership_together_grant_models(world: World) -> None:
    bob, workspace = world.person("bob"), world.workspaces["Workspace C"]
    studio.permit(bob, workspace, QWEN_PLUS)
    studio.limit(bob, workspace, QWEN_PLUS, 1000)
    assert set(studio.permissions(bob, workspace)) == {QWEN_PLUS}
    key = studio.create_key(world.person("grace"), workspace, "grace in C")
    world.keep_key("grace in C", key.api_key_id, key.api_key_value)
    assert say(world.caller("grace in C")).choices
    studio.unlimit(bob, workspace, QWEN_PLUS)


def test_rule_5_membership_of_one_workspace_grants_nothing_in_another(world: World) -> None:
    with outside_workspace():
        studio.permit(world.person("bob"), world.workspaces["Workspace A"], QWEN_MAX)


def test_rule_5_membership_alone_does_not_grant_models(world: World) -> None:
    """carol is the administrator of Workspace A; granting models is System Administration."""
    with not_permitted("modelstudio:UpdateModelPermissions"):
        studio.permit(world.person("carol"), world.workspaces["Workspace A"], QWEN_MAX)
    with not_permitted("modelstudio:UpdateModelLimits"):
        studio.limit(world.person("carol"), world.workspaces["Workspace A"], QWEN_PLUS, 1)


def test_rule_5_granting_policies_is_not_management(world: World) -> None:
    with not_permitted("ram:AttachPolicyToUser"):
        ram.attach(world.person("bob"), "AliyunRAMFullAccess", "bob", "System")


def test_an_explicit_deny_on_an_operation_refuses_whatever_else_allows(world: World, root: Cloud) -> None:
    bob = world.person("bob")
    ram.create_policy(root, "no-new-workspaces", ram.statement("Deny", "modelstudio:CreateWorkspace"))
    ram.attach(root, "no-new-workspaces", "bob")
    with not_permitted("modelstudio:CreateWorkspace", "ExplicitDeny"):
        studio.create_workspace(bob, "Workspace D")
    ram.detach(root, "no-new-workspaces", "bob")
    world.workspaces["Workspace D"] = studio.create_workspace(bob, "Workspace D").workspace_id


def test_a_page_permission_is_overruled_by_an_explicit_deny_too(world: World, root: Cloud) -> None:
    """alice holds the API-Key page; the Deny is stronger, for her, on every surface."""
    alice, workspace = world.person("alice"), world.workspaces["Workspace A"]
    ram.create_policy(root, "no-new-keys", ram.statement("Deny", "modelstudio:CreateApiKey"))
    ram.attach(root, "no-new-keys", "alice")
    with not_permitted("modelstudio:CreateApiKey", "ExplicitDeny"):
        studio.create_key(alice, workspace, "denied")
    ram.detach(root, "no-new-keys", "alice")
