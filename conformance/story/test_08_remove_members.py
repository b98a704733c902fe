"""Guide, "Remove members": everything in that workspace ends when the call returns, and nothing elsewhere does."""

import threading

import openai
import pytest

from support import studio
from support.cloud import Cloud
from support.gateway import callable_models, say
from support.refusals import NO_PERMISSION, key_refused, outside_workspace, refused
from support.upstream import FIRST_WORD
from support.world import HELD, World

pytestmark = pytest.mark.story


class Reader(threading.Thread):
    """Reads an open stream until it ends, and keeps what came and how it ended."""

    def __init__(self, stream: openai.Stream) -> None:
        super().__init__(daemon=True)
        self.stream = stream
        self.text = ""
        self.finish: str | None = None
        self.error: Exception | None = None
        self.first_word = threading.Event()

    def run(self) -> None:
        try:
            for chunk in self.stream:
                for choice in chunk.choices:
                    self.text += choice.delta.content or ""
                    self.finish = choice.finish_reason or self.finish
                if self.text:
                    self.first_word.set()
        except Exception as error:  # a cut stream ends with whatever the HTTP client calls it
            self.error = error


def remove(cloud: Cloud, workspace: str, name: str) -> dict[str, object]:
    """Takes a member out of a workspace."""
    return cloud.ours("RemoveMember", workspaceId=workspace, userName=name)


def add(world: World, name: str, pages: list[str], restore: bool) -> None:
    """Makes somebody a member of Workspace A again."""
    body = {"userName": name, "pages": pages, "restoreKeys": restore}
    world.root.ours("AddMember", workspaceId=world.workspaces["Workspace A"], body=body)


@pytest.mark.parametrize("name", ["carol", "erin", "dave"])
def test_rule_7_by_default_only_root_removes(world: World, name: str) -> None:
    """Guide: "The Delete button is visible only to the Alibaba Cloud account"."""
    with refused(403, NO_PERMISSION):
        remove(world.person(name), world.workspaces["Workspace A"], "alice")
    assert say(world.caller("alice in A")).choices


def test_rule_7_by_default_management_does_not_remove(world: World) -> None:
    """bob is a member of Workspace C, and manages everything; removing is root's alone."""
    with refused(403, NO_PERMISSION):
        remove(world.person("bob"), world.workspaces["Workspace C"], "grace")
    assert say(world.caller("grace in C")).choices


def test_rule_7_removal_is_complete_when_it_is_acknowledged(world: World, root: Cloud) -> None:
    """Her key dies at once, and a stream that is open is cut."""
    workspace = world.workspaces["Workspace A"]
    studio.permit(root, workspace, HELD)
    caller = world.caller("alice in A")
    reader = Reader(caller.chat.completions.create(model=HELD, messages=[{"role": "user", "content": "hello"}], stream=True))
    reader.start()
    assert reader.first_word.wait(5), "a stream is passed on as it arrives, not when it ends"
    assert reader.is_alive()

    answer = remove(root, workspace, "alice")
    with key_refused():
        say(caller)
    with key_refused():
        callable_models(caller)

    assert isinstance(answer["revision"], int)
    assert answer["revision"] > 0
    assert answer["invalidatedApiKeys"] == 1
    assert answer["closedStreams"] == 1
    assert answer["nodes"] == answer["confirmedNodes"] == 1
    assert answer["waitedMs"] >= 0

    reader.join(5)
    assert not reader.is_alive(), "the stream was not cut"
    assert reader.text == FIRST_WORD
    assert reader.finish is None
    assert world.upstream.cut.wait(5), "the call to the provider went on"


def test_rule_7_her_permissions_there_are_gone(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace A"]
    with outside_workspace():
        studio.create_key(world.person("alice"), workspace, "too late")
    assert workspace not in studio.workspaces(world.person("alice"))
    assert "alice" not in {member["userName"] for member in root.ours("ListMembers", workspaceId=workspace)["members"]}


def test_rule_7_everything_elsewhere_stays(world: World) -> None:
    """Her keys in other workspaces live, and so do other people's keys in this one."""
    for name in ("alice in default", "alice in B", "carol in A"):
        assert say(world.caller(name)).choices
    assert world.default in studio.workspaces(world.person("alice"))


def test_rule_7_added_again_she_does_not_get_her_old_keys_back(world: World) -> None:
    add(world, "alice", ["api-key"], restore=False)
    with key_refused():
        say(world.caller("alice in A"))
    key = studio.create_key(world.person("alice"), world.workspaces["Workspace A"], "alice in A again")
    world.keep_key("alice in A again", key.api_key_id, key.api_key_value)
    assert say(world.caller("alice in A again")).choices


def test_rule_7_unless_the_caller_says_so(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace A"]
    assert remove(root, workspace, "alice")["invalidatedApiKeys"] == 1
    with key_refused():
        say(world.caller("alice in A again"))
    add(world, "alice", ["api-key"], restore=True)
    assert say(world.caller("alice in A again")).choices


def test_rule_7_a_setting_delegates_removal(world: World, root: Cloud) -> None:
    """To workspace administrators in their workspace and to management; to nobody else."""
    assert root.ours("GetSettings")["settings"]["delegateMemberRemoval"] is False
    root.ours("UpdateSettings", body={"delegateMemberRemoval": True})
    assert root.ours("GetSettings")["settings"]["delegateMemberRemoval"] is True
    with refused(403, NO_PERMISSION):
        remove(world.person("erin"), world.workspaces["Workspace A"], "dave")
    assert remove(world.person("carol"), world.workspaces["Workspace A"], "dave")["confirmedNodes"] == 1
    assert remove(world.person("bob"), world.workspaces["Workspace C"], "grace")["invalidatedApiKeys"] == 1
    with key_refused():
        say(world.caller("grace in C"))
    with outside_workspace():
        remove(world.person("carol"), world.workspaces["Workspace B"], "alice")


def test_rule_7_the_setting_is_taken_back(world: World, root: Cloud) -> None:
    root.ours("UpdateSettings", body={"delegateMemberRemoval": False})
    with refused(403, NO_PERMISSION):
        remove(world.person("carol"), world.workspaces["Workspace A"], "alice")


def test_settings_are_not_a_members_to_change(world: World) -> None:
    with refused(403, NO_PERMISSION):
        world.person("carol").ours("UpdateSettings", body={"delegateMemberRemoval": True})
