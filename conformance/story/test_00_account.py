"""Before the guide begins: the account, its RAM users, its models and its workspaces."""

import re

import pytest
from alibabacloud_modelstudio20260210.models import ListModelsRequest
from alibabacloud_ram20150501.models import ListUsersRequest

from support import studio
from support.cloud import Cloud
from support.refusals import taken
from support.world import EMBEDDING, HELD, HELD_CREDENTIAL, QWEN_MAX, QWEN_PLUS, World

pytestmark = pytest.mark.story

CAST = ("alice", "bob", "carol", "dave", "erin", "frank", "grace")


def test_the_first_access_key_is_the_account(world: World, root: Cloud) -> None:
    """Rule 1 begins here: root is the account itself, not a user of it."""
    me = root.sts.get_caller_identity().body
    assert re.fullmatch(r"\d{16}", world.account.account_id)
    assert me.account_id == world.account.account_id
    assert me.identity_type == "Account"
    assert me.arn == f"acs:ram::{world.account.account_id}:root"
    assert me.principal_id == world.account.account_id


def test_root_creates_ram_users_with_access_keys(world: World, root: Cloud) -> None:
    for name in CAST:
        world.hire(name)
    listed = {user.user_name: user for user in root.ram.list_users(ListUsersRequest()).body.users.user}
    assert set(listed) >= set(CAST)
    assert {name: listed[name].user_id for name in CAST} == {name: world.user_ids[name] for name in CAST}
    assert listed["alice"].display_name == "Alice"


def test_a_user_is_herself(world: World) -> None:
    me = world.person("alice").sts.get_caller_identity().body
    assert me.account_id == world.account.account_id
    assert me.identity_type == "RAMUser"
    assert me.arn == f"acs:ram::{world.account.account_id}:user/alice"
    assert me.user_id == world.user_ids["alice"]


def test_the_catalogue_lists_every_model(root: Cloud) -> None:
    body = root.studio.list_models(ListModelsRequest(max_results=200)).body
    listed = {model.model: model for model in body.models}
    assert set(listed) >= {QWEN_PLUS, QWEN_MAX, EMBEDDING, HELD}
    assert listed[QWEN_PLUS].name == "Qwen Plus"
    assert listed[QWEN_PLUS].model_info.context_window == 131072
    assert body.total_count == len(listed)


def test_the_credential_of_a_provider_is_write_only(root: Cloud) -> None:
    answer = root.ours("ListProviders")
    held = next(provider for provider in answer["providers"] if provider["name"] == "held")
    assert held["dialect"] == "openai"
    assert held["allowPrivate"] is True
    assert HELD_CREDENTIAL not in str(answer)


def test_root_creates_sub_workspaces(world: World, root: Cloud) -> None:
    for name in ("Workspace A", "Workspace B"):
        created = studio.create_workspace(root, name)
        assert re.fullmatch(r"llm-[a-z0-9]{16}", created.workspace_id)
        assert created.workspace_name == name
        assert isinstance(created.gmt_create, int)
        world.workspaces[name] = created.workspace_id


def test_root_sees_every_workspace(world: World, root: Cloud) -> None:
    """Rule 1: root is a member of none of them, and sees them all."""
    seen = studio.workspaces(root)
    assert set(seen) == {world.default, *world.workspaces.values()}
    only = studio.workspaces(root, workspace_id=world.workspaces["Workspace A"])
    assert only == {world.workspaces["Workspace A"]: "Workspace A"}
    assert studio.workspaces(root, workspace_name="space B") == {world.workspaces["Workspace B"]: "Workspace B"}


def test_two_workspaces_cannot_have_one_name(root: Cloud) -> None:
    with taken():
        studio.create_workspace(root, "Workspace A")


def test_a_workspace_can_be_renamed(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace B"]
    root.ours("RenameWorkspace", workspaceId=workspace, workspaceName="研发 B")
    assert studio.workspaces(root)[workspace] == "研发 B"
