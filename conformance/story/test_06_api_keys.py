"""API keys: who sees them, what narrows them, and every way to end one, at once."""

import openai
import pytest
from alibabacloud_modelstudio20260210 import models

from support import gateway, studio
from support.cloud import Cloud
from support.gateway import callable_models, say
from support.ledger import LEDGER
from support.refusals import call_refused, invalid, key_refused, refused, refused_somehow
from support.world import EMBEDDING, QWEN_MAX, QWEN_PLUS, World

pytestmark = pytest.mark.story


def update_key(cloud: Cloud, key_id: str, **changes: object) -> None:
    """Updates the description or the permissions of a key."""
    cloud.studio.update_api_key(key_id, models.UpdateApiKeyRequest(**changes))


def test_a_wrong_key_and_a_missing_key_are_refused_without_a_reason(world: World) -> None:
    value = world.keys["alice in A"]
    changed = value[:-1] + ("0" if value[-1] != "0" else "1")
    for wrong in ("sk-unknown", changed, value[:-1], value + "0", value.upper()):
        with key_refused():
            say(gateway.client(world.server.gateway, wrong))


def test_rule_8_a_foreign_key_and_an_absent_one_answer_alike(world: World) -> None:
    """dave is a member of Workspace A, and a key of Workspace B is none of his business."""
    foreign = world.key_ids["alice in B"]
    absent = "9" * len(foreign)
    answers = []
    for key_id in (foreign, absent):
        with refused_somehow() as refusal:
            studio.key(world.person("dave"), key_id)
        answers.append(refusal.but_for(key_id))
    assert answers[0] == answers[1]
    assert answers[0][0] in {403, 404}


def test_root_sees_all_keys_and_a_key_holder_those_of_the_workspace(world: World, root: Cloud) -> None:
    everywhere = {key.description for key in studio.keys(root)}
    assert everywhere >= {"alice in A", "alice in B", "alice in default", "carol in A", "grace in C"}
    in_a = {key.description for key in studio.keys(world.person("alice"), world.workspaces["Workspace A"])}
    assert in_a == {"alice in A", "carol in A"}


def test_keys_are_found_by_description_and_ordered_by_age(world: World, root: Cloud) -> None:
    found = studio.keys(root, world.workspaces["Workspace A"], description="carol")
    assert [key.description for key in found] == ["carol in A"]
    assert found[0].workspace_name == "Workspace A"
    oldest_first = studio.keys(root, order_by="gmtCreate", order="ASC")
    assert [key.gmt_create for key in oldest_first] == sorted(key.gmt_create for key in oldest_first)


def test_lists_come_in_pages(root: Cloud) -> None:
    seen: list[str] = []
    token = None
    while True:
        body = root.studio.list_api_keys(models.ListApiKeysRequest(max_results=2, next_token=token)).body
        assert len(body.api_keys) <= 2
        seen += [key.api_key_id for key in body.api_keys]
        token = body.next_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == body.total_count
    with refused(400, "InvalidParameter.maxResults"):
        root.studio.list_api_keys(models.ListApiKeysRequest(max_results=201))


def test_the_description_changes_and_the_key_goes_on(world: World) -> None:
    alice = world.person("alice")
    update_key(alice, world.key_ids["alice in A"], description="alice in A, renamed")
    shown = studio.key(alice, world.key_ids["alice in A"])
    assert shown.description == "alice in A, renamed"
    assert shown.auth.type == "All"
    assert say(world.caller("alice in A")).choices


def test_a_key_can_be_narrowed_to_some_models(world: World) -> None:
    """The key's scope lies within the workspace's grant: qwen-max is in the scope, and not granted."""
    alice, workspace = world.person("alice"), world.workspaces["Workspace A"]
    key = studio.create_key(alice, workspace, "plus only", studio.only_models(QWEN_PLUS, QWEN_MAX))
    world.keep_key("plus only", key.api_key_id, key.api_key_value)
    caller = world.caller("plus only")
    assert say(caller).choices
    with call_refused(openai.PermissionDeniedError, "Model.AccessDenied", "model_out_of_key_scope"):
        caller.embeddings.create(model=EMBEDDING, input="hello")
    with call_refused(openai.PermissionDeniedError, "Model.AccessDenied", "model_not_granted"):
        say(caller, QWEN_MAX)
    assert callable_models(caller) == {QWEN_PLUS}
    auth = studio.key(alice, key.api_key_id).auth
    assert auth.type == "Custom"
    assert auth.model_access_scope.allow_all_models is False
    assert sorted(auth.model_access_scope.accessible_models) == [QWEN_MAX, QWEN_PLUS]
    assert auth.access_ips == ["0.0.0.0/0", "::/0"], "no list of addresses means all of them"


def test_a_key_can_be_narrowed_to_some_addresses(world: World) -> None:
    alice, workspace = world.person("alice"), world.workspaces["Workspace A"]
    key = studio.create_key(alice, workspace, "from elsewhere", studio.only_from("10.0.0.0/8"))
    world.keep_key("from elsewhere", key.api_key_id, key.api_key_value)
    caller = world.caller("from elsewhere")
    with call_refused(openai.PermissionDeniedError, "access_denied", "ip_not_allowed"):
        say(caller)
    scope = models.UpdateApiKeyRequestAuthModelAccessScope(allow_all_models=True)
    here = models.UpdateApiKeyRequestAuth(type="Custom", access_ips=["127.0.0.1"], model_access_scope=scope)
    update_key(alice, key.api_key_id, auth=here)
    assert say(caller).choices


def test_the_scope_of_a_key_is_checked_when_it_is_written(world: World) -> None:
    alice, workspace = world.person("alice"), world.workspaces["Workspace A"]
    with invalid("accessIps") as refusal:
        studio.create_key(alice, workspace, "bad address", studio.only_from("10.0.0.0/33"))
    assert "10.0.0.0/33" in refusal.message


def test_a_disabled_key_is_refused_at_once_and_an_enabled_one_accepted(world: World) -> None:
    alice, key_id, caller = world.person("alice"), world.key_ids["plus only"], world.caller("plus only")
    alice.studio.disable_api_key(key_id, models.DisableApiKeyRequest())
    assert studio.key(alice, key_id).disabled == 1
    with key_refused():
        say(caller)
    with key_refused():
        callable_models(caller)
    alice.studio.enable_api_key(key_id, models.EnableApiKeyRequest())
    assert studio.key(alice, key_id).disabled == 0
    assert say(caller).choices


def test_reset_gives_a_new_value_to_the_same_key(world: World) -> None:
    alice, key_id, old = world.person("alice"), world.key_ids["plus only"], world.caller("plus only")
    answer = alice.studio.reset_api_key(key_id, models.ResetApiKeyRequest()).body.api_key
    LEDGER.secret("API key after a reset", answer.api_key_value)
    assert answer.api_key_id == key_id
    assert answer.workspace_id == world.workspaces["Workspace A"]
    assert answer.api_key_value.startswith("sk-")
    assert answer.api_key_value != world.keys["plus only"]
    with key_refused():
        say(old)
    world.keep_key("plus only", key_id, answer.api_key_value)
    caller = world.caller("plus only")
    assert say(caller).choices
    with call_refused(openai.PermissionDeniedError, "Model.AccessDenied", "model_out_of_key_scope"):
        caller.embeddings.create(model=EMBEDDING, input="hello")


def test_a_deleted_key_is_gone(world: World) -> None:
    alice = world.person("alice")
    for name in ("plus only", "from elsewhere"):
        alice.studio.delete_api_key(world.key_ids[name])
        with key_refused():
            say(world.caller(name))
    assert {key.description for key in studio.keys(alice, world.workspaces["Workspace A"])} == {"alice in A, renamed", "carol in A"}
    with refused_somehow() as refusal:
        studio.key(alice, world.key_ids["plus only"])
    assert refusal.status in {403, 404}


def test_an_upstream_gets_the_providers_credential_and_never_the_callers(world: World) -> None:
    """The `openai` dialect: the key ends at the gateway."""
    caller = world.caller("alice in default")
    answer = say(caller, "held-model")
    assert answer.choices[0].message.content == "first last"
    assert world.upstream.requests[-1]["messages"] == [{"role": "user", "content": "hello"}]
    assert world.upstream.requests[-1]["model"] == "held-model"
    assert world.upstream.credentials[-1] == "Bearer sk-upstream-credential-of-the-held-provider"
