"""The certification scenario of OpenID AuthZEN and its interop suites, against the decision points in `authzen/fixtures`.

The numbers in names are those of the scenario's sections, `certification/authorization-api-1_0-scenario.md` in openid/authzen.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from support.raw import JSON_TYPE, Answer, send
from support.server import PUBLIC_URL
from support.world import World

SUITES = Path(__file__).parent / "authzen" / "suites"
ALICE = {"type": "user", "id": "alice"}
BOB = {"type": "user", "id": "bob"}
ADMIN = {**BOB, "properties": {"role": "admin"}}
RECORD = {"type": "record", "id": "record-1"}
ARCHIVED = {"type": "record", "id": "record-2", "properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}
FIXTURE = {"subject": ALICE, "action": READ, "resource": RECORD}


def post(world: World, path: str, body: object, tenant: str = "certification", **headers: str) -> Answer:
    """One call to a tenant's decision point."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(
        world.server.control, "POST", f"/{tenant}/access/v1/{path}",
        headers={"content-type": JSON_TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}, body=text,
    )


def answered(world: World, path: str, body: object, tenant: str = "certification") -> dict[str, Any]:
    """The body of what must be answered 200."""
    answer = post(world, path, body, tenant)
    assert answer.status == 200, answer
    return answer.json()


def suite(name: str, *kinds: str) -> list[Any]:
    """The cases of a suite, with their kind."""
    cases = json.loads((SUITES / f"{name}.json").read_text())
    return [pytest.param(kind, case, id=f"{kind}-{number}") for kind in kinds for number, case in enumerate(cases[kind], 1)]


# Interop suites: every answer must be exactly what is expected, with nothing beside it.


@pytest.mark.parametrize(("kind", "case"), suite("todo", "evaluation"))
def test_todo(world: World, kind: str, case: dict[str, Any]) -> None:
    assert answered(world, kind, case["request"], "todo") == {"decision": case["expected"]}


@pytest.mark.parametrize(("kind", "case"), suite("todo", "evaluations"))
def test_todo_batches(world: World, kind: str, case: dict[str, Any]) -> None:
    assert answered(world, kind, case["request"], "todo") == {"evaluations": case["expected"]}


@pytest.mark.parametrize(("kind", "case"), suite("gateway", "evaluation"))
def test_gateway(world: World, kind: str, case: dict[str, Any]) -> None:
    assert answered(world, kind, case["request"], "gateway") == {"decision": case["expected"]}


@pytest.mark.parametrize(("kind", "case"), suite("search", "subject", "resource", "action"))
def test_search(world: World, kind: str, case: dict[str, Any]) -> None:
    assert answered(world, f"search/{kind}", case["request"], "search") == case["expected"]


@pytest.mark.parametrize(("kind", "case"), suite("idp", "resource"))
def test_idp(world: World, kind: str, case: dict[str, Any]) -> None:
    assert answered(world, f"search/{kind}", case["request"], "search") == case["expected"]


# The certification scenario.


@pytest.mark.parametrize(("subject", "action", "resource", "expected"), [
    pytest.param(ALICE, READ, RECORD, True, id="rule-1"),
    pytest.param(ALICE, WRITE, RECORD, True, id="rule-2"),
    pytest.param(BOB, READ, RECORD, True, id="rule-3"),
    pytest.param(BOB, WRITE, RECORD, False, id="rule-4"),
    pytest.param(ALICE, WRITE, ARCHIVED, False, id="rule-5"),
    pytest.param(ADMIN, WRITE, ARCHIVED, True, id="rule-6"),
    pytest.param(ALICE, {"name": "delete", "properties": {"soft": True}}, RECORD, True, id="rule-7"),
    pytest.param(ALICE, {"name": "delete", "properties": {"soft": False}}, RECORD, False, id="rule-8"),
])
def test_c_1_4_decisions_hold_with_and_without_context(world: World, subject: object, action: object, resource: object, expected: bool) -> None:
    asked = {"subject": subject, "action": action, "resource": resource}
    context = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
    for _ in range(3):  # c-2-6: the same each time
        assert answered(world, "evaluation", asked) == {"decision": expected}
        assert answered(world, "evaluation", {**asked, "context": context}) == {"decision": expected}


def test_c_2_2_8_additional_properties_and_c_2_2_9_unknown_fields(world: World) -> None:
    subject = {**ALICE, "properties": {"department": "Sales", "role": "manager"}}
    action = {**READ, "properties": {"method": "GET"}}
    resource = {**RECORD, "properties": {"status": "active", "owner": "bob"}}
    unknown = {"foo": "bar", "futureField": {"nested": True}}
    assert answered(world, "evaluation", {"subject": subject, "action": action, "resource": resource}) == {"decision": True}
    assert answered(world, "evaluation", {**FIXTURE, **unknown}) == {"decision": True}


WRONG = [
    *(pytest.param({name: value for name, value in FIXTURE.items() if name != missing}, id=f"no-{missing}") for missing in FIXTURE),
    pytest.param({**FIXTURE, "subject": {"id": "alice"}}, id="subject-without-type"),
    pytest.param({**FIXTURE, "subject": {"type": "user"}}, id="subject-without-id"),
    pytest.param({**FIXTURE, "action": {}}, id="action-without-name"),
    pytest.param({**FIXTURE, "resource": {"id": "record-1"}}, id="resource-without-type"),
    pytest.param({**FIXTURE, "resource": {"type": "record"}}, id="resource-without-id"),
    pytest.param({**FIXTURE, "subject": "alice"}, id="subject-a-text"),
    pytest.param({**FIXTURE, "action": {"name": 123}}, id="name-a-number"),
    pytest.param({**FIXTURE, "resource": {**RECORD, "properties": []}}, id="properties-a-list"),
    pytest.param({**FIXTURE, "context": "here"}, id="context-a-text"),
    pytest.param(b'{"subject": {"type": "user"', id="malformed"),
    pytest.param(b"", id="empty"),
    pytest.param(b"[]", id="a-list"),
    pytest.param(b'{"action":{"name":"read"},"action":{"name":"write"},' + json.dumps(FIXTURE).encode()[1:], id="a-member-twice"),
    pytest.param(b'{"subject":{"type":"user","id":"alice","id":"bob"},"action":{"name":"read"},"resource":{"type":"record","id":"record-1"}}', id="an-inner-member-twice"),
    pytest.param(b"\xff{}", id="no-text"),
]


@pytest.mark.parametrize("path", ["evaluation", "evaluations"])
@pytest.mark.parametrize("body", WRONG)
def test_c_2_4_what_is_wrong_is_400(world: World, path: str, body: object) -> None:
    answer = post(world, path, body)
    assert answer.status == 400, answer
    told = answer.json()
    assert told["message"] and "decision" not in told, answer


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_c_2_4_3_another_content_type_is_400(world: World, content_type: str) -> None:
    assert post(world, "evaluation", FIXTURE, content_type=content_type).status == 400


def test_c_2_5_the_request_id_comes_back(world: World) -> None:
    assert post(world, "evaluation", FIXTURE, x_request_id="abc-1 2").headers["x-request-id"] == "abc-1 2"
    assert post(world, "evaluation", {}, x_request_id="abc").headers["x-request-id"] == "abc"
    assert post(world, "evaluation", FIXTURE).status == 200


BATCHES = [
    pytest.param({"subject": BOB, "resource": RECORD, "evaluations": [{"action": READ}, {"action": WRITE}]}, [True, False], id="c-3-2-2"),
    pytest.param(
        {"subject": ALICE, "action": WRITE, "evaluations": [{"resource": {**RECORD, "properties": {"status": "active"}}}, {"resource": ARCHIVED}]},
        [True, False], id="c-3-2-3",
    ),
    pytest.param({"action": WRITE, "resource": ARCHIVED, "evaluations": [{"subject": ALICE}, {"subject": ADMIN}]}, [False, True], id="c-3-2-4"),
    pytest.param({"evaluations": [FIXTURE, {"subject": BOB, "action": WRITE, "resource": RECORD}]}, [True, False], id="c-3-2-5"),
    pytest.param(
        {"subject": ALICE, "action": READ, "context": {"time": "2025-06-27T18:03-07:00"},
         "evaluations": [{"resource": RECORD}, {"resource": {"type": "record", "id": "record-2"}, "context": {"source": "batch-override"}}]},
        [True, True], id="c-3-2-6",
    ),
    pytest.param(
        {"subject": ALICE, "action": WRITE, "resource": {"type": "record"},
         "evaluations": [{"resource": {"id": "record-1", "properties": {"status": "active"}}}, {"resource": ARCHIVED}]},
        [True, False], id="c-3-2-7",
    ),
    pytest.param({"subject": ALICE, "action": READ, "evaluations": [{"resource": RECORD}, {}]}, [True, False], id="c-3-4-1"),
    pytest.param({**FIXTURE, "evaluations": [{}, "no object", {"subject": 1}]}, [True, False, False], id="wrong-items"),
]


@pytest.mark.parametrize(("body", "expected"), BATCHES)
def test_c_3_batches(world: World, body: object, expected: list[bool]) -> None:
    assert answered(world, "evaluations", body) == {"evaluations": [{"decision": decision} for decision in expected]}


@pytest.mark.parametrize("evaluations", [{}, {"evaluations": []}, {"evaluations": None}])
def test_c_3_4_2_without_a_list_it_is_one_question(world: World, evaluations: dict[str, Any]) -> None:
    assert answered(world, "evaluations", {**FIXTURE, **evaluations}) == {"decision": True}


@pytest.mark.parametrize(("semantic", "actions", "expected"), [
    ("execute_all", "read write read", [True, False, True]),
    ("deny_on_first_deny", "read write read", [True, False]),
    ("deny_on_first_deny", "read read", [True, True]),
    ("permit_on_first_permit", "write read write", [False, True]),
    ("permit_on_first_permit", "write write", [False, False]),
])
def test_the_three_semantics(world: World, semantic: str, actions: str, expected: list[bool]) -> None:
    body = {
        "subject": BOB, "resource": RECORD, "options": {"evaluations_semantic": semantic, "other": 1},
        "evaluations": [{"action": {"name": name}} for name in actions.split()],
    }
    assert answered(world, "evaluations", body) == {"evaluations": [{"decision": decision} for decision in expected]}


@pytest.mark.parametrize("change", [
    {"evaluations": {"1": {}}}, {"evaluations": "x"}, {"options": []}, {"options": {"evaluations_semantic": "some"}},
    {"options": {"evaluations_semantic": 1}}, {"subject": "alice"}, {"evaluations": [{}] * 1001},
])
def test_a_wrong_batch_is_400(world: World, change: dict[str, Any]) -> None:
    assert post(world, "evaluations", {**FIXTURE, "evaluations": [{}], **change}).status == 400


SEARCHES = [
    pytest.param("subject", {"subject": {"type": "user"}, "action": READ, "resource": RECORD}, [ALICE, BOB], id="c-4-2-1"),
    pytest.param("subject", {"subject": {"type": "user", "id": "bob"}, "action": READ, "resource": RECORD, "context": {"x": 1}}, [ALICE, BOB], id="id-ignored"),
    pytest.param("subject", {"subject": {"type": "user"}, "action": WRITE, "resource": ARCHIVED}, [BOB], id="c-4-2-4"),
    pytest.param("resource", {"subject": ALICE, "action": WRITE, "resource": {"type": "record"}}, [RECORD], id="c-4-3-1"),
    pytest.param("resource", {"subject": ADMIN, "action": WRITE, "resource": {"type": "record"}}, [{"type": "record", "id": "record-2"}], id="c-4-3-3"),
    pytest.param("action", {"subject": ALICE, "resource": RECORD}, [READ, WRITE], id="c-4-4-1"),
    pytest.param("action", {"subject": ADMIN, "resource": ARCHIVED}, [READ, WRITE], id="c-4-4-3"),
    pytest.param("action", {"subject": {"type": "user", "id": "nonexistent-user"}, "resource": RECORD}, [], id="c-4-6-1"),
    pytest.param("subject", {"subject": {"type": "spaceship"}, "action": READ, "resource": RECORD}, [], id="c-4-6-2"),
    pytest.param("resource", {"subject": ALICE, "action": READ, "resource": {"type": "spaceship"}}, [], id="unknown-resource-type"),
]


@pytest.mark.parametrize(("kind", "body", "expected"), SEARCHES)
def test_c_4_searches(world: World, kind: str, body: object, expected: list[object]) -> None:
    assert answered(world, f"search/{kind}", body) == {"results": expected}


def test_c_4_5_pages(world: World) -> None:
    search = {"subject": {"type": "user"}, "action": READ, "resource": RECORD}
    first = answered(world, "search/subject", {**search, "page": {"limit": 1}})
    assert first["results"] == [ALICE] and first["page"]["next_token"], first
    token = first["page"]["next_token"]
    for page in ({"token": token}, {"token": token, "limit": 1}):
        second = answered(world, "search/subject", {**search, "page": page})
        assert second == {"results": [BOB], "page": {"next_token": "", "count": 1}}
    none = answered(world, "search/subject", {**search, "page": {"limit": 0}})
    assert none["results"] == [] and none["page"]["next_token"], none
    changed = [
        ("search/subject", {**search, "action": WRITE}, {"token": token}, "certification"),
        ("search/subject", {**search, "context": {"x": 1}}, {"token": token}, "certification"),
        ("search/subject", search, {"token": token, "limit": 2}, "certification"),
        ("search/subject", search, {"token": token[:-1]}, "certification"),
        ("search/subject", search, {"token": token}, "search"),
        ("search/resource", {**FIXTURE}, {"token": token}, "certification"),
    ]
    for path, body, page, tenant in changed:
        assert post(world, path, {**body, "page": page}, tenant).status == 400, (path, body, page, tenant)
    for page in ({"limit": -1}, {"limit": "1"}, {"limit": 1.5}, {"token": 1}, []):
        assert post(world, "search/subject", {**search, "page": page}).status == 400, page


@pytest.mark.parametrize(("kind", "body"), [
    ("subject", {"subject": {"type": "user"}, "resource": RECORD}),
    ("resource", {"action": READ, "resource": {"type": "record"}}),
    ("action", {"subject": ALICE}),
    ("subject", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
    ("resource", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
    ("action", {"subject": ALICE, "resource": {"type": "record", "id": 101}}),
])
def test_c_4_7_what_a_search_lacks_is_400(world: World, kind: str, body: object) -> None:
    assert post(world, f"search/{kind}", body).status == 400


@pytest.mark.parametrize("tenant", ["", "/certification"])
def test_c_6_metadata_names_the_configured_address(world: World, tenant: str) -> None:
    target = f"/.well-known/authzen-configuration{tenant}"
    answer = send(world.server.control, "GET", target, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    base = PUBLIC_URL + tenant
    assert answer.status == 200 and "evil" not in answer.text, answer
    assert answer.json() == {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{base}/access/v1/evaluations",
        "search_subject_endpoint": f"{base}/access/v1/search/subject",
        "search_resource_endpoint": f"{base}/access/v1/search/resource",
        "search_action_endpoint": f"{base}/access/v1/search/action",
    }


def test_what_is_not_there_is_404_and_another_method_405(world: World) -> None:
    assert post(world, "evaluation", FIXTURE, "nothing").status == 404
    assert post(world, "other", FIXTURE).status == 404
    assert send(world.server.control, "GET", "/certification/access/v1/evaluation").status == 405
    assert send(world.server.control, "GET", "/.well-known/authzen-configuration/nothing").status == 404
    assert send(world.server.control, "POST", "/.well-known/authzen-configuration").status == 405
