"""Guide, "Model permissions": they belong to the workspace. The default workspace has them all, a sub-workspace starts with none."""

import openai
import pytest
from alibabacloud_modelstudio20260210.models import ListModelsRequest

from support import studio
from support.cloud import Cloud
from support.gateway import COMPATIBLE, PLAIN, callable_models, say
from support.refusals import call_refused
from support.shapes import DENY, decision, failed_link
from support.world import EMBEDDING, QWEN_MAX, QWEN_PLUS, World

pytestmark = pytest.mark.story

MODEL_DENIED = "Model.AccessDenied"


def test_rule_2_a_sub_workspace_starts_with_no_model(world: World) -> None:
    caller = world.caller("alice in A")
    assert callable_models(caller) == set()
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted") as refusal:
        say(caller)
    world.request_ids["model_not_granted"] = refusal.request_id


def test_the_refusal_explains_itself(world: World, root: Cloud) -> None:
    """The id of the answer leads to the chain of checks, up to the one that failed."""
    request_id = world.request_ids["model_not_granted"]
    found = decision(root.ours("GetDecision", requestId=request_id))
    assert found["outcome"] == DENY
    assert found["requestId"] == request_id
    assert found["reason"] == "model_not_granted"
    assert QWEN_PLUS in str(failed_link(found))
    assert len(found["chain"]) > 1, "the checks that passed belong to the chain, too"


def test_an_unknown_model_is_not_found(world: World) -> None:
    with call_refused(openai.NotFoundError, "model_not_found", "model_unknown"):
        say(world.caller("alice in A"), "no-such-model")


def test_rule_2_in_the_default_workspace_every_model_may_be_called(world: World, root: Cloud) -> None:
    """The same person, a key of another workspace: no grant is needed there."""
    root.ours("AddMember", workspaceId=world.default, body={"userName": "alice", "pages": ["api-key"]})
    key = studio.create_key(world.person("alice"), None, "alice in default")
    assert key.workspace_id == world.default, "without a workspace, a key belongs to the default one"
    world.keep_key("alice in default", key.api_key_id, key.api_key_value)
    caller = world.caller("alice in default")
    assert say(caller).choices[0].message.content
    catalogue = root.studio.list_models(ListModelsRequest(max_results=200)).body.models
    assert callable_models(caller) == {model.model for model in catalogue}


def test_rule_2_the_default_workspace_can_be_made_to_start_restricted(world: World, root: Cloud) -> None:
    """The guide itself warns of the bypass; a setting closes it."""
    caller = world.caller("alice in default")
    root.ours("UpdateSettings", body={"defaultWorkspaceRestricted": True})
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted"):
        say(caller)
    assert callable_models(caller) == set()
    root.ours("UpdateSettings", body={"defaultWorkspaceRestricted": False})
    assert say(caller).choices


def test_the_account_grants_one_model(world: World, root: Cloud) -> None:
    workspace = world.workspaces["Workspace A"]
    studio.permit(root, workspace, QWEN_PLUS)
    granted = studio.permissions(root, workspace)
    assert set(granted) == {QWEN_PLUS}
    assert granted[QWEN_PLUS].inference is True
    assert not granted[QWEN_PLUS].fine_tune
    assert not granted[QWEN_PLUS].deploy


@pytest.mark.parametrize("base_path", [COMPATIBLE, PLAIN])
def test_then_the_member_calls_it(world: World, base_path: str) -> None:
    caller = world.caller("alice in A", base_path)
    first, second = say(caller), say(caller)
    assert first.model == QWEN_PLUS
    assert first.choices[0].message.role == "assistant"
    assert first.choices[0].finish_reason == "stop"
    assert first.choices[0].message.content == second.choices[0].message.content, "the demo provider is deterministic"
    assert first.usage.prompt_tokens > 0
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    assert first._request_id and first._request_id != second._request_id
    assert callable_models(caller) == {QWEN_PLUS}


@pytest.mark.parametrize("base_path", [COMPATIBLE, PLAIN])
def test_streaming_too(world: World, base_path: str) -> None:
    caller = world.caller("alice in A", base_path)
    whole = say(caller).choices[0].message.content
    stream = caller.chat.completions.create(
        model=QWEN_PLUS, messages=[{"role": "user", "content": "hello"}], stream=True, stream_options={"include_usage": True},
    )
    chunks = list(stream)
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == whole
    assert choices[-1].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0


def test_fields_that_only_the_model_knows_are_passed_on(world: World) -> None:
    """Clients of OpenAI-compatible servers send more than OpenAI documents."""
    answer = world.caller("alice in A").chat.completions.create(
        model=QWEN_PLUS, messages=[{"role": "user", "content": "hello"}], extra_body={"enable_thinking": False},
    )
    assert answer.choices


def test_embeddings_need_their_own_grant(world: World, root: Cloud) -> None:
    caller = world.caller("alice in A")
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted"):
        caller.embeddings.create(model=EMBEDDING, input="hello")
    studio.permit(root, world.workspaces["Workspace A"], EMBEDDING)
    answer = caller.embeddings.create(model=EMBEDDING, input=["hello", "world"])
    assert [item.index for item in answer.data] == [0, 1]
    assert all(isinstance(number, float) for item in answer.data for number in item.embedding)
    assert answer.data[0].embedding != answer.data[1].embedding
    assert answer.usage.total_tokens > 0
    assert callable_models(caller) == {QWEN_PLUS, EMBEDDING}


def test_rule_2_the_grant_follows_the_workspace_of_the_key_and_not_the_person(world: World, root: Cloud) -> None:
    """Guide, example: free in one workspace, refused in the other, for one and the same user."""
    workspace = world.workspaces["Workspace B"]
    root.ours("AddMember", workspaceId=workspace, body={"userName": "alice", "pages": ["api-key"]})
    key = studio.create_key(world.person("alice"), workspace, "alice in B")
    world.keep_key("alice in B", key.api_key_id, key.api_key_value)
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted"):
        say(world.caller("alice in B"))
    assert say(world.caller("alice in A")).choices


def test_open_grants_every_model_and_those_to_come(world: World, root: Cloud) -> None:
    workspace, caller = world.workspaces["Workspace B"], world.caller("alice in B")
    studio.permit_all(root, workspace, "OPEN")
    assert say(caller, QWEN_MAX).choices
    world.put_model("qwen-new", "A model added later")
    assert say(caller, "qwen-new").choices
    assert "qwen-new" in callable_models(caller)


def test_close_ends_that_and_clears_earlier_grants(world: World, root: Cloud) -> None:
    workspace, caller = world.workspaces["Workspace B"], world.caller("alice in B")
    studio.permit(root, workspace, QWEN_PLUS)
    studio.permit_all(root, workspace, "CLOSE")
    assert studio.permissions(root, workspace) == {}
    assert callable_models(caller) == set()
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted"):
        say(caller)
    root.ours("DeleteModel", model="qwen-new")


def test_a_withdrawn_grant_ends_at_once(world: World, root: Cloud) -> None:
    workspace, caller = world.workspaces["Workspace B"], world.caller("alice in B")
    studio.permit(root, workspace, QWEN_PLUS, QWEN_MAX)
    assert say(caller, QWEN_MAX).choices
    studio.permit(root, workspace, QWEN_MAX, inference=False)
    with call_refused(openai.PermissionDeniedError, MODEL_DENIED, "model_not_granted"):
        say(caller, QWEN_MAX)
    assert callable_models(caller) == {QWEN_PLUS}
    assert say(caller).choices
