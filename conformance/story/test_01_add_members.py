"""Guide, "Add members": a RAM user is added to Model Studio, is in no workspace yet, and then becomes a member of one."""

from collections.abc import Callable

import pytest

from support import studio
from support.cloud import Cloud
from support.refusals import absent, not_permitted, outside_workspace, taken
from support.world import QWEN_PLUS, World

pytestmark = pytest.mark.story

ABSENT = "llm-0000000000000000"

WORKSPACE_CALLS: dict[str, Callable[[Cloud, str], object]] = {
    "ListMembers": lambda cloud, workspace: cloud.ours("ListMembers", workspaceId=workspace),
    "GetMember": lambda cloud, workspace: cloud.ours("GetMember", workspaceId=workspace, userName="alice"),
    "AddMember": lambda cloud, workspace: cloud.ours(
        "AddMember", workspaceId=workspace, body={"userName": "alice", "pages": ["administrator"]},
    ),
    "SetMemberPages": lambda cloud, workspace: cloud.ours(
        "SetMemberPages", workspaceId=workspace, userName="alice", body={"pages": ["administrator"]},
    ),
    "RemoveMember": lambda cloud, workspace: cloud.ours("RemoveMember", workspaceId=workspace, userName="alice"),
    "GetEffectiveAccess": lambda cloud, workspace: cloud.ours("GetEffectiveAccess", workspaceId=workspace, userName="alice"),
    "RenameWorkspace": lambda cloud, workspace: cloud.ours("RenameWorkspace", workspaceId=workspace, workspaceName="Mine"),
    "CreateApiKey": lambda cloud, workspace: studio.create_key(cloud, workspace, "not hers"),
    "ListApiKeys": lambda cloud, workspace: studio.keys(cloud, workspace),
    "ListModelPermissions": lambda cloud, workspace: studio.permissions(cloud, workspace),
    "UpdateModelPermissions": lambda cloud, workspace: studio.permit(cloud, workspace, QWEN_PLUS),
    "ListModelLimits": lambda cloud, workspace: studio.limits(cloud, workspace, QWEN_PLUS),
    "UpdateModelLimits": lambda cloud, workspace: studio.limit(cloud, workspace, QWEN_PLUS, 1),
}


def test_add_user_makes_her_known(world: World, root: Cloud) -> None:
    """Step 1 and 2: she appears in the list, and is in no workspace."""
    user = root.ours("AddUser", body={"type": "RamUser", "userName": "alice", "displayName": "Alice A."})["user"]
    assert user["userName"] == "alice"
    assert user["userId"] == world.user_ids["alice"]
    assert user["displayName"] == "Alice A."
    assert user["workspaces"] == []
    assert isinstance(user["gmtCreate"], int)


def test_add_user_takes_the_flattened_form_of_the_official_sdks(root: Cloud) -> None:
    for name in ("bob", "carol", "dave", "erin", "frank"):
        root.ours("AddUser", form=True, body={"type": "RamUser", "userName": name, "displayName": name.capitalize()})
    listed = {user["userName"]: user for user in root.ours("ListUsers", maxResults="200")["users"]}
    assert set(listed) == {"alice", "bob", "carol", "dave", "erin", "frank"}
    assert listed["carol"]["displayName"] == "Carol"


def test_a_user_is_added_once_and_must_exist_in_ram(root: Cloud) -> None:
    with taken():
        root.ours("AddUser", body={"type": "RamUser", "userName": "alice", "displayName": "Alice again"})
    with absent():
        root.ours("AddUser", body={"type": "RamUser", "userName": "nobody", "displayName": "Nobody"})


@pytest.mark.parametrize("operation", WORKSPACE_CALLS)
def test_in_no_workspace_every_workspace_call_gives_the_exact_message(world: World, operation: str) -> None:
    with outside_workspace():
        WORKSPACE_CALLS[operation](world.person("alice"), world.workspaces["Workspace A"])


@pytest.mark.parametrize("operation", WORKSPACE_CALLS)
def test_rule_8_foreign_and_absent_workspaces_answer_alike(world: World, operation: str) -> None:
    """Identical but for the request id and the id asked for."""
    foreign = world.workspaces["Workspace A"]
    answers = []
    for workspace in (foreign, ABSENT):
        with outside_workspace() as refusal:
            WORKSPACE_CALLS[operation](world.person("alice"), workspace)
        answers.append(refusal.but_for(workspace))
    assert answers[0] == answers[1]


def test_in_no_workspace_she_sees_none(world: World) -> None:
    assert studio.workspaces(world.person("alice")) == {}


def test_a_plain_user_may_not_add_anybody(world: World) -> None:
    """Guide: adding "requires an Alibaba Cloud account or a RAM user with management permissions"."""
    with not_permitted("modelstudio:AddUser"):
        world.person("alice").ours("AddUser", body={"type": "RamUser", "userName": "grace", "displayName": "Grace"})


def test_only_a_known_user_becomes_a_member(world: World, root: Cloud) -> None:
    with absent():
        root.ours("AddMember", workspaceId=world.workspaces["Workspace A"], body={"userName": "grace", "pages": []})


def test_add_member_with_pages(world: World, root: Cloud) -> None:
    """Step 3 and 4: the workspace and the pages are chosen, and take effect at once."""
    workspace = world.workspaces["Workspace A"]
    body = {"userName": "alice", "pages": ["api-key"], "restoreKeys": False}
    member = root.ours("AddMember", workspaceId=workspace, body=body)["member"]
    assert member["workspaceId"] == workspace
    assert member["userName"] == "alice"
    assert member["displayName"] == "Alice A."
    assert member["pages"] == ["api-key"]
    assert isinstance(member["gmtCreate"], int)
    assert member["addedBy"]
    assert studio.workspaces(world.person("alice")) == {workspace: "Workspace A"}


def test_add_member_takes_the_flattened_form_of_the_official_sdks(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace A"]
    pages = {"carol": ["administrator"], "dave": ["knowledge-base:create", "playground"], "erin": ["permission-management"]}
    for name, chosen in pages.items():
        root.ours("AddMember", form=True, workspaceId=workspace, body={"userName": name, "pages": chosen})
    listed = {member["userName"]: member["pages"] for member in root.ours("ListMembers", workspaceId=workspace)["members"]}
    assert {name: sorted(found) for name, found in listed.items()} == {"alice": ["api-key"], **{name: sorted(p) for name, p in pages.items()}}


def test_a_member_is_added_once(world: World, root: Cloud) -> None:
    with taken():
        root.ours("AddMember", workspaceId=world.workspaces["Workspace A"], body={"userName": "alice", "pages": []})


def test_the_list_of_users_names_their_workspaces(world: World, root: Cloud) -> None:
    listed = {user["userName"]: user["workspaces"] for user in root.ours("ListUsers")["users"]}
    assert world.workspaces["Workspace A"] in str(listed["alice"])
    assert listed["frank"] == []


def test_membership_of_one_workspace_opens_no_other(world: World) -> None:
    for workspace in (world.default, world.workspaces["Workspace B"]):
        with outside_workspace():
            studio.create_key(world.person("alice"), workspace, "not hers")


def test_the_member_creates_an_api_key(world: World) -> None:
    key = studio.create_key(world.person("alice"), world.workspaces["Workspace A"], "alice in A")
    assert key.api_key_value.startswith("sk-")
    assert key.workspace_id == world.workspaces["Workspace A"]
    assert key.description == "alice in A"
    assert isinstance(key.gmt_create, int)
    assert key.created_by
    world.keep_key("alice in A", key.api_key_id, key.api_key_value)


def test_nobody_sees_the_value_of_a_key_again(world: World) -> None:
    value = world.keys["alice in A"]
    for cloud in (world.person("alice"), world.root):
        shown = studio.key(cloud, world.key_ids["alice in A"])
        assert shown.api_key_value == f"sk-****{value[-4:]}"
        assert shown.disabled == 0
        listed = studio.keys(cloud, world.workspaces["Workspace A"])
        assert {key.api_key_id: key.api_key_value for key in listed} == {shown.api_key_id: shown.api_key_value}
