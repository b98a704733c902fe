"""Rule 10: the account's limit sums over all workspaces, a workspace's limit caps within it, and any one refuses."""

import math

import openai
import pytest

from support import studio
from support.cloud import Cloud
from support.gateway import say
from support.refusals import Refusal, call_refused, refused_somehow
from support.shapes import models_limited
from support.world import QWEN_MAX, QWEN_PLUS, World

pytestmark = pytest.mark.story

FRESH = "qwen-fresh"


def check_when_to_come_back(refusal: Refusal) -> None:
    """Every 429 says when the next call may succeed, in seconds and in milliseconds, and what is left."""
    milliseconds = int(refusal.headers["retry-after-ms"])
    assert 0 < milliseconds <= 60_000
    assert int(refusal.headers["retry-after"]) == math.ceil(milliseconds / 1000)
    assert int(refusal.headers["x-ratelimit-limit-requests"]) == 2
    assert int(refusal.headers["x-ratelimit-remaining-requests"]) == 0
    assert refusal.headers["x-ratelimit-reset-requests"]


def give_keys(world: World, *names: str) -> None:
    """New workspaces with both chat models, alice as a member, and a key of hers in each."""
    for name in names:
        workspace = world.workspaces[name] = studio.create_workspace(world.root, name).workspace_id
        studio.permit(world.root, workspace, QWEN_PLUS, QWEN_MAX)
        world.root.ours("AddMember", workspaceId=workspace, body={"userName": "alice", "pages": ["api-key"]})
        key = studio.create_key(world.person("alice"), workspace, f"alice in {name}")
        world.keep_key(name, key.api_key_id, key.api_key_value)


def test_a_workspace_limit_is_shown_beside_the_accounts(world: World, root: Cloud) -> None:
    give_keys(world, "Slow one", "Slow two")
    workspace = world.workspaces["Slow one"]
    studio.limit(root, workspace, QWEN_PLUS, 2, 60)
    entry = studio.limits(root, workspace, QWEN_PLUS)
    assert entry.workspace_id == workspace
    assert (entry.workspace_limit.request_limit, entry.workspace_limit.request_limit_period) == (2, 60)


def test_rule_10_the_third_call_in_the_workspace_is_refused(world: World) -> None:
    caller = world.caller("Slow one")
    say(caller)
    say(caller)
    with call_refused(openai.RateLimitError, "limit_requests", "rate_workspace") as refusal:
        say(caller)
    check_when_to_come_back(refusal)


def test_rule_10_other_models_and_other_workspaces_are_not_touched(world: World) -> None:
    assert say(world.caller("Slow one"), QWEN_MAX).choices
    assert say(world.caller("Slow two")).choices
    assert say(world.caller("alice in A")).choices


def test_a_second_key_does_not_double_the_limit_of_its_workspace(world: World) -> None:
    key = studio.create_key(world.person("alice"), world.workspaces["Slow one"], "a second key")
    world.keep_key("a second key", key.api_key_id, key.api_key_value)
    with call_refused(openai.RateLimitError, "limit_requests", "rate_workspace"):
        say(world.caller("a second key"))


def test_a_deleted_limit_no_longer_refuses(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Slow one"]
    studio.unlimit(root, workspace, QWEN_PLUS)
    limit = studio.limits(root, workspace, QWEN_PLUS).workspace_limit
    assert limit is None or limit.request_limit is None
    for _ in range(3):
        assert say(world.caller("Slow one")).choices


def test_rule_10_a_key_limit_caps_within_its_workspace(world: World, root: Cloud) -> None:
    """Ours: one key is slowed, the other keys of the workspace are not."""
    key_id = world.key_ids["a second key"]
    limited = {"model": QWEN_PLUS, "operationType": "OVERLAY", "requestLimit": 2, "requestLimitPeriod": 60}
    root.ours("UpdateApiKey", apiKeyId=key_id, body={"modelLimits": [limited]})
    (shown,) = root.ours("GetApiKey", apiKeyId=key_id)["apiKey"]["modelLimits"]
    assert (shown["model"], shown["requestLimit"], shown["requestLimitPeriod"]) == (QWEN_PLUS, 2, 60)
    caller = world.caller("a second key")
    say(caller)
    say(caller)
    with call_refused(openai.RateLimitError, "limit_requests", "rate_key") as refusal:
        say(caller)
    check_when_to_come_back(refusal)
    assert say(world.caller("Slow one")).choices
    assert say(caller, QWEN_MAX).choices


def test_rule_10_the_account_limit_sums_over_the_workspaces(world: World, root: Cloud) -> None:
    """One call in each of two workspaces uses up a limit of two; the third is refused in either.

    The model is new, so that no call of an earlier step lies within the period.
    """
    world.put_model(FRESH, "A model that nobody has called yet")
    for name in ("Slow one", "Slow two"):
        studio.permit(root, world.workspaces[name], FRESH)
    root.ours("UpdateAccountModelLimits", body=models_limited(FRESH, 2))
    limit = studio.limits(root, world.workspaces["Slow one"], FRESH).model_limit
    assert (limit.request_limit, limit.request_limit_period) == (2, 60)
    say(world.caller("Slow one"), FRESH)
    say(world.caller("Slow two"), FRESH)
    for name in ("Slow one", "Slow two"):
        with call_refused(openai.RateLimitError, "limit_requests", "rate_account") as refusal:
            say(world.caller(name), FRESH)
        check_when_to_come_back(refusal)


def test_rule_10_the_account_limit_holds_in_the_default_workspace_too(world: World) -> None:
    with call_refused(openai.RateLimitError, "limit_requests", "rate_account"):
        say(world.caller("alice in default"), FRESH)


def test_without_the_account_limit_all_go_on(world: World, root: Cloud) -> None:
    root.ours("UpdateAccountModelLimits", body=models_limited(FRESH, None))
    for name in ("Slow one", "Slow two", "alice in default"):
        assert say(world.caller(name), FRESH).choices


def test_the_default_workspace_takes_no_limit_of_its_own(world: World, root: Cloud) -> None:
    with refused_somehow() as refusal:
        studio.limit(root, world.default, QWEN_PLUS, 2)
    assert refusal.status in {400, 409}, refusal.body
    assert "default workspace" in refusal.message
