"""Guide, "Page permissions": what a member may change in a workspace, and who hands it out."""

import pytest

from support import raw, studio
from support.cloud import Cloud
from support.gateway import say
from support.refusals import NO_PERMISSION, Refusal, invalid, not_permitted, refused
from support.shapes import access_of_kind, decision, failed_link
from support.world import EMBEDDING, QWEN_PLUS, World

pytestmark = pytest.mark.story


def pages_of(world: World, name: str) -> list[str]:
    """The page permissions of a member of Workspace A, as root reads them."""
    answer = world.root.ours("GetMember", workspaceId=world.workspaces["Workspace A"], userName=name)
    return sorted(answer["member"]["pages"])


def set_pages(world: World, giver: Cloud, name: str, pages: list[str]) -> None:
    """Sets the whole set of a member of Workspace A."""
    giver.ours("SetMemberPages", workspaceId=world.workspaces["Workspace A"], userName=name, body={"pages": pages})


def check_page_missing(root: Cloud, refusal: Refusal, page: str) -> None:
    """The decision of a refusal names the page permission that was missing."""
    found = decision(root.ours("GetDecision", requestId=refusal.request_id))
    assert found["reason"] == "page_missing"
    assert failed_link(found)["subject"] == page


def check_hand_out(root: Cloud, refusal: Refusal) -> None:
    """The decision of a refusal says that it would have handed out too much."""
    found = decision(root.ours("GetDecision", requestId=refusal.request_id))
    assert found["reason"] == "hand_out"
    assert failed_link(found)["check"] == "hand-out"


def test_the_pages_are_one_table(root: Cloud) -> None:
    pages = {page["page"]: page for page in root.ours("ListPages")["pages"]}
    assert set(pages) >= {
        "administrator", "permission-management", "api-key", "playground", "batch-inference", "model-monitoring",
        "fine-tuning", "my-models", "model-deployment", "model-evaluation", "data-management", "application-data",
        "knowledge-base", "knowledge-base:create", "knowledge-base:modify", "knowledge-base:delete",
        "application-observability", "applications", "prompts",
    }
    assert pages["permission-management"]["nameZh"] == "权限管理"
    assert all(page["tab"] and page["nameEn"] for page in pages.values())


def test_rule_3_a_plain_member_changes_nothing_and_does_not_see_the_three_closed_pages(world: World) -> None:
    """dave has feature pages only: not Key Management, not Permission Management, not System Administration."""
    dave, workspace = world.person("dave"), world.workspaces["Workspace A"]
    with refused(403, NO_PERMISSION) as refusal:
        studio.create_key(dave, workspace, "without the page")
    check_page_missing(world.root, refusal, "api-key")
    with refused(403, NO_PERMISSION):
        dave.ours("ListMembers", workspaceId=workspace)
    with refused(403, NO_PERMISSION):
        set_pages(world, dave, "alice", ["playground"])
    with not_permitted("modelstudio:CreateWorkspace"):
        studio.create_workspace(dave, "System Admin is closed")


def test_rule_3_what_he_may_change_and_where_it_comes_from(world: World, root: Cloud) -> None:
    answer = root.ours("GetEffectiveAccess", workspaceId=world.workspaces["Workspace A"], userName="dave")
    assert set(access_of_kind(answer, "page")) == {"playground", "knowledge-base:create"}
    assert set(access_of_kind(answer, "model")) == {QWEN_PLUS, EMBEDDING}, "those of the workspace"
    assert access_of_kind(answer, "management") == {}


def test_rule_3_a_member_reads_what_is_not_behind_the_closed_pages(world: World) -> None:
    """The baseline of every member: he sees the workspace, its models and its limits, and his own access."""
    dave, workspace = world.person("dave"), world.workspaces["Workspace A"]
    assert studio.workspaces(dave) == {workspace: "Workspace A"}
    assert set(studio.permissions(dave, workspace)) == {QWEN_PLUS, EMBEDDING}
    assert studio.limits(dave, workspace, QWEN_PLUS).model == QWEN_PLUS
    assert "access" in dave.ours("GetEffectiveAccess", workspaceId=workspace, userName="dave")


def test_the_api_key_page_opens_keys_and_nothing_else(world: World) -> None:
    alice = world.person("alice")
    with refused(403, NO_PERMISSION) as refusal:
        set_pages(world, alice, "dave", ["playground"])
    check_page_missing(world.root, refusal, "permission-management")
    with refused(403, NO_PERMISSION):
        alice.ours("ListMembers", workspaceId=world.workspaces["Workspace A"])


def test_rule_9_permission_management_hands_out_feature_pages(world: World) -> None:
    """erin holds Permission Management, and may give others what is not hers to use."""
    set_pages(world, world.person("erin"), "dave", ["playground", "prompts"])
    assert pages_of(world, "dave") == ["playground", "prompts"]


@pytest.mark.parametrize("page", ["administrator", "permission-management"])
def test_rule_9_permission_management_never_hands_out_power_over_permissions(world: World, page: str) -> None:
    with refused(403, NO_PERMISSION) as refusal:
        set_pages(world, world.person("erin"), "dave", ["playground", page])
    check_hand_out(world.root, refusal)
    assert pages_of(world, "dave") == ["playground", "prompts"]


@pytest.mark.parametrize("name", ["erin", "carol"])
def test_rule_9_nobody_edits_his_own_set(world: World, name: str) -> None:
    before = pages_of(world, name)
    with refused(403, NO_PERMISSION) as refusal:
        set_pages(world, world.person(name), name, ["administrator", "permission-management", "api-key"])
    check_hand_out(world.root, refusal)
    assert pages_of(world, name) == before


def test_rule_3_the_administrator_may_do_everything_in_the_workspace(world: World) -> None:
    carol, workspace = world.person("carol"), world.workspaces["Workspace A"]
    assert {member["userName"] for member in carol.ours("ListMembers", workspaceId=workspace)["members"]} >= {"carol", "dave"}
    set_pages(world, carol, "dave", ["permission-management"])
    assert pages_of(world, "dave") == ["permission-management"]
    set_pages(world, world.person("dave"), "alice", ["api-key", "prompts"])
    assert pages_of(world, "alice") == ["api-key", "prompts"]
    key = studio.create_key(carol, workspace, "carol in A")
    world.keep_key("carol in A", key.api_key_id, key.api_key_value)
    assert "alice in A" in {listed.description for listed in studio.keys(carol, workspace)}


def test_rule_3_but_never_system_administration(world: World) -> None:
    carol = world.person("carol")
    with not_permitted("modelstudio:CreateWorkspace"):
        studio.create_workspace(carol, "Carol's own")
    with not_permitted("modelstudio:AddUser"):
        carol.ours("AddUser", body={"type": "RamUser", "userName": "grace", "displayName": "Grace"})


def test_a_withdrawn_page_closes_at_once(world: World, root: Cloud) -> None:
    set_pages(world, root, "dave", [])
    assert pages_of(world, "dave") == []
    with refused(403, NO_PERMISSION):
        set_pages(world, world.person("dave"), "alice", ["api-key"])


def test_a_page_that_does_not_exist_is_refused(world: World, root: Cloud) -> None:
    with invalid("pages") as refusal:
        set_pages(world, root, "dave", ["playground", "knowledge-bases"])
    assert "knowledge-bases" in refusal.message
    assert pages_of(world, "dave") == []


def test_rule_6_page_permissions_never_touch_api_key_calls(world: World, root: Cloud) -> None:
    """alice loses every page, and her key goes on working."""
    set_pages(world, root, "alice", [])
    assert say(world.caller("alice in A")).choices
    with refused(403, NO_PERMISSION):
        studio.create_key(world.person("alice"), world.workspaces["Workspace A"], "no page any more")
    set_pages(world, root, "alice", ["api-key"])


def test_rule_6_and_keys_never_open_pages(world: World) -> None:
    """An API key, of whomever, is no credential of the control API."""
    for key in ("alice in A", "carol in A"):
        for header in ("authorization", "x-api-key"):
            value = f"Bearer {world.keys[key]}" if header == "authorization" else world.keys[key]
            answer = raw.send(world.server.control, "GET", "/modelstudio/workspaces", headers={header: value})
            raw.check_roa_error(answer)
            assert answer.status in {400, 401, 403}, answer


def test_rule_1_root_sets_any_pages_without_being_a_member(world: World, root: Cloud) -> None:
    members = root.ours("ListMembers", workspaceId=world.workspaces["Workspace A"])["members"]
    assert {member["userName"] for member in members} == {"alice", "carol", "dave", "erin"}, "root is none of them"
    set_pages(world, root, "erin", ["administrator"])
    set_pages(world, root, "erin", ["permission-management"])
    assert pages_of(world, "erin") == ["permission-management"]
