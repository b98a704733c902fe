"""OpenID AuthZEN about the account, and `/authz/forward`, over plain HTTP: the same decisions as everywhere, as others see them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from support import ram, raw, studio
from support.cloud import Cloud
from support.raw import JSON_TYPE, Answer
from support.world import QWEN_MAX, QWEN_PLUS, World


@dataclass(frozen=True)
class Cast:
    """An enforcement point, a person, and her key in her workspace."""

    point: Cloud
    person: Cloud
    person_id: str
    workspace: str
    key_id: str
    key: str


@pytest.fixture(scope="module")
def cast(world: World) -> Iterator[Cast]:
    """The enforcement point may do nothing but ask."""
    point = world.hire("authzen-point")
    ram.create_policy(world.root, "MayAsk", ram.statement("Allow", ["modelstudio:EvaluateAccess", "modelstudio:SearchAccess"]))
    ram.attach(world.root, "MayAsk", "authzen-point")
    person = world.hire("authzen-person")
    world.root.ours("AddUser", body={"type": "RamUser", "userName": "authzen-person", "displayName": "Person"})
    workspace = studio.create_workspace(world.root, "AuthZEN").workspace_id
    world.root.ours("AddMember", workspaceId=workspace, body={"userName": "authzen-person", "pages": ["api-key", "prompts"]})
    studio.permit(world.root, workspace, QWEN_PLUS)
    key = studio.create_key(person, workspace, "for AuthZEN")
    yield Cast(point, person, world.user_ids["authzen-person"], workspace, str(key.api_key_id), key.api_key_value)


def post(world: World, who: Cloud | None, path: str, body: object) -> Answer:
    """One question."""
    headers = {"content-type": JSON_TYPE, **(raw.basic(who) if who else {})}
    return raw.send(world.server.control, "POST", f"/access/v1/{path}", headers=headers, body=json.dumps(body).encode())


def question(cast: Cast, kind: str, identifier: str, action: str, resource: str, name: str) -> dict[str, object]:
    """A question about something in the person's workspace."""
    return {
        "subject": {"type": kind, "id": identifier}, "action": {"name": action},
        "resource": {"type": resource, "id": name, "properties": {"workspace_id": cast.workspace}},
    }


def test_an_enforcement_point_needs_no_permission_but_to_ask(world: World, cast: Cast) -> None:
    expected = {
        ("api_key", cast.key_id, "model:call", "model", QWEN_PLUS): True,
        ("api_key", cast.key_id, "model:call", "model", QWEN_MAX): False,
        ("user", "authzen-person", "page:operate", "page", "prompts"): True,
        ("user", cast.person_id, "page:operate", "page", "applications"): False,
        ("user", cast.person_id, "page:read", "page", "applications"): True,
        ("user", "authzen-point", "page:read", "page", "applications"): False,
        ("user", "nobody-at-all", "page:read", "page", "applications"): False,
        ("user", "root", "manage:*", "management", "*"): True,
    }
    items = [question(cast, *asked) for asked in expected]
    for item, decision in zip(items, expected.values(), strict=True):
        answer = post(world, cast.point, "evaluation", item)
        assert (answer.status, answer.json()) == (200, {"decision": decision}), (item, answer)
    batch = post(world, cast.point, "evaluations", {"evaluations": items})
    assert batch.json() == {"evaluations": [{"decision": decision} for decision in expected.values()]}
    assert post(world, cast.point, "evaluation", {**items[0], "context": {"explain": True}}).json() == {"decision": True}


def test_a_decision_is_what_the_gateway_does(world: World, cast: Cast) -> None:
    for model in (QWEN_PLUS, QWEN_MAX):
        asked = question(cast, "api_key", cast.key_id, "model:call", "model", model)
        decision = post(world, cast.point, "evaluation", asked).json()["decision"]
        called = raw.send(
            world.server.gateway, "POST", "/v1/chat/completions", headers={"content-type": JSON_TYPE, **raw.bearer(cast.key)},
            body=json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode(),
        )
        assert decision is (called.status == 200), (model, called)


def test_searches_find_what_questions_allow(world: World, cast: Cast) -> None:
    asked = question(cast, "api_key", cast.key_id, "model:call", "model", "")
    assert post(world, cast.point, "search/resource", asked).json() == {"results": [{"type": "model", "id": QWEN_PLUS}]}
    asked = {"subject": {"type": "user", "id": cast.person_id}, "resource": question(cast, "", "", "", "page", "prompts")["resource"]}
    assert post(world, cast.point, "search/action", asked).json() == {"results": [{"name": "page:read"}, {"name": "page:operate"}]}
    asked = question(cast, "user", "", "page:operate", "page", "prompts")
    found = post(world, cast.point, "search/subject", asked).json()["results"]
    assert {"type": "user", "id": cast.person_id} in found and {"type": "user", "id": "root"} in found, found


def test_who_may_not_ask_is_refused_and_not_answered(world: World, cast: Cast) -> None:
    about_root = question(cast, "user", "root", "manage:*", "management", "*")
    about_herself = question(cast, "user", "authzen-person", "page:operate", "page", "prompts")
    assert post(world, cast.person, "evaluation", about_herself).json() == {"decision": True}
    for path, body in (("evaluation", about_root), ("evaluations", {"evaluations": [about_herself, about_root]}), ("search/subject", about_root)):
        answer = post(world, cast.person, path, body)
        assert answer.status == 403 and raw.check_roa_error(answer)["code"] == "NoPermission", answer
    for who in (None, Cloud(world.server.control, "LTAIAAAAAAAAAAAAAAAAAAAA", "wrong"), Cloud(world.server.control, cast.point.access_key_id, "wrong")):
        answer = post(world, who, "evaluation", about_root)
        assert answer.status == 401 and 'realm="bailey"' in answer.headers["www-authenticate"], answer
        raw.check_roa_error(answer)


def test_a_proxy_gets_a_status_and_who_it_is(world: World, cast: Cast) -> None:
    def ask(query: str, headers: dict[str, str]) -> tuple[int, str]:
        answer = raw.send(world.server.control, "GET", f"/authz/forward?{query}", headers=headers)
        assert answer.text == "", answer
        return answer.status, answer.headers.get("x-bailey-subject") or answer.headers.get("x-bailey-reason", "")

    person, key = raw.basic(cast.person), raw.bearer(cast.key)
    assert ask(f"page=prompts&workspace={cast.workspace}", person) == (200, f"user/{cast.person_id}")
    assert ask(f"page=applications&workspace={cast.workspace}", person) == (403, "page_missing")
    assert ask(f"model={QWEN_PLUS}", key) == (200, f"api_key/{cast.key_id}")
    assert ask(f"model={QWEN_MAX}", key) == (403, "model_not_granted")
    assert ask(f"model={QWEN_PLUS}", raw.bearer("sk-junk")) == (401, "")
    assert ask(f"model={QWEN_PLUS}", {}) == (401, "")
    assert ask("nonsense", person) == (403, "question_invalid")
