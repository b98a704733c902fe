"""After the guide: who used what, who did what, the end of a user and of a workspace, and an audit trail that nobody touched."""

import time

import pytest
from alibabacloud_modelstudio20260210.models import DeleteWorkspaceRequest
from alibabacloud_ram20150501.models import DeleteUserRequest

from support import ram, studio
from support.cloud import Cloud
from support.gateway import say
from support.refusals import absent, key_refused, not_permitted, refused
from support.shapes import ALLOW, DENY, audit_is_intact, audit_records, usage_by
from support.world import QWEN_PLUS, World

pytestmark = pytest.mark.story

METERED_WITHIN_SECONDS = 10


def test_usage_is_metered(world: World, root: Cloud) -> None:
    """A call shows in the usage of its model and of its workspace, soon after."""
    workspace = world.workspaces["Workspace B"]
    before = usage_by(root.ours("GetUsage", workspaceId=workspace, groupBy="model"), "model").get(QWEN_PLUS, {"totalTokens": 0})
    spent = say(world.caller("alice in B")).usage.total_tokens
    expected = before["totalTokens"] + spent
    deadline = time.monotonic() + METERED_WITHIN_SECONDS
    while True:
        after = usage_by(root.ours("GetUsage", workspaceId=workspace, groupBy="model"), "model").get(QWEN_PLUS, {"totalTokens": 0})
        if after["totalTokens"] >= expected or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert after["totalTokens"] == expected
    assert after["requests"] >= 1
    by_workspace = usage_by(root.ours("GetUsage", groupBy="workspace"), "workspace")
    assert by_workspace[workspace]["totalTokens"] >= expected


def test_the_audit_trail_holds_what_was_done_and_what_was_refused(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace A"]
    records = audit_records(root.ours("ListAuditRecords", workspaceId=workspace, action="RemoveMember", maxResults="200"))
    assert records
    assert all(record["action"].endswith("RemoveMember") for record in records)
    seen = [(str(record["actor"]), record["outcome"]) for record in records]
    for who, outcome in (("carol", DENY), ("carol", ALLOW), ("root", ALLOW)):
        assert any(who in actor and found == outcome for actor, found in seen), (who, outcome, seen)


def test_the_audit_trail_is_not_a_members_to_read(world: World) -> None:
    with not_permitted("modelstudio:ListAuditRecords"):
        world.person("alice").ours("ListAuditRecords")


def test_a_user_taken_out_of_model_studio_is_in_no_workspace(world: World, root: Cloud) -> None:
    """RemoveUser is RemoveMember in each."""
    root.ours("AddMember", workspaceId=world.default, body={"userName": "erin", "pages": ["api-key"]})
    key = studio.create_key(world.person("erin"), world.default, "erin's key")
    world.keep_key("erin", key.api_key_id, key.api_key_value)
    assert say(world.caller("erin")).choices
    root.ours("RemoveUser", userName="erin")
    with key_refused():
        say(world.caller("erin"))
    assert studio.workspaces(world.person("erin")) == {}
    with absent():
        root.ours("RemoveUser", userName="erin")


def test_a_user_that_still_has_access_keys_is_not_deleted(world: World, root: Cloud) -> None:
    with refused(409, "DeleteConflict.User.AccessKey"):
        root.ram.delete_user(DeleteUserRequest(user_name="alice"))
    assert say(world.caller("alice in B")).choices


def test_deleting_the_user_kills_her_keys_everywhere_and_for_good(world: World, root: Cloud) -> None:
    names = ("alice in default", "alice in B", "alice in A again")
    for name in names:
        assert say(world.caller(name)).choices
    ram.delete_user(root, "alice")
    for name in names:
        with key_refused():
            say(world.caller(name))


def test_a_new_user_of_the_same_name_inherits_nothing(world: World, root: Cloud) -> None:
    old = world.user_ids["alice"]
    world.hire("alice")
    assert world.user_ids["alice"] != old
    root.ours("AddUser", body={"type": "RamUser", "userName": "alice", "displayName": "Another Alice"})
    body = {"userName": "alice", "pages": ["api-key"], "restoreKeys": True}
    root.ours("AddMember", workspaceId=world.workspaces["Workspace B"], body=body)
    with key_refused():
        say(world.caller("alice in B"))


def test_a_workspace_is_deleted_only_when_it_holds_no_keys(world: World, root: Cloud) -> None:
    holding = root.studio.delete_workspace(world.workspaces["Workspace A"], DeleteWorkspaceRequest()).body
    assert holding.is_deleted is False
    assert [reason.resource_type for reason in holding.fail_reasons]
    assert all(reason.reason for reason in holding.fail_reasons)
    empty = root.studio.delete_workspace(world.workspaces["Workspace D"], DeleteWorkspaceRequest()).body
    assert empty.is_deleted is True
    assert world.workspaces["Workspace D"] not in studio.workspaces(root)
    default = root.studio.delete_workspace(world.default, DeleteWorkspaceRequest()).body
    assert default.is_deleted is False


def test_the_audit_trail_is_intact(root: Cloud) -> None:
    assert audit_is_intact(root.ours("VerifyAudit"))
