"""What bad input gets, on every surface: a refusal in that surface's one shape, with a request id, that names what is wrong. Never a 5xx."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from alibabacloud_ram20150501.models import ListUsersRequest

from support import ram, raw, studio
from support.raw import FORM_TYPE, JSON_TYPE, Answer
from support.world import QWEN_PLUS, World

USER = "error-user"
HUGE = 1 << 30
DEEP = b'{"userName":' + b"[" * 100_000

NO_CREDENTIAL = [
    pytest.param({}, id="none"),
    pytest.param({"authorization": "Basic bm9ib2R5Om5vdGhpbmc="}, id="unknown-basic"),
    pytest.param({"authorization": "Basic !!!"}, id="broken-basic"),
    pytest.param({"authorization": "ACS3-HMAC-SHA256 Credential=nobody,SignedHeaders=host,Signature=00"}, id="broken-signature"),
    pytest.param({"authorization": "nonsense"}, id="nonsense"),
]
NO_KEY = [
    pytest.param({}, id="none"),
    pytest.param({"authorization": "Basic bm9ib2R5Om5vdGhpbmc="}, id="basic"),
    pytest.param({"authorization": "Bearer"}, id="empty-bearer"),
    pytest.param({"authorization": "Bearer sk-junk"}, id="unknown-key"),
    pytest.param({"authorization": "sk-junk"}, id="no-scheme"),
    pytest.param({"authorization": "Bearer " + "x" * 4_000}, id="endless-key"),
]


def add_user(**changes: object) -> bytes:
    """The body of a well-formed AddUser call, with some fields changed; None leaves a field out."""
    body = {"type": "RamUser", "userName": USER, "displayName": "Error User", **changes}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def chat(**changes: object) -> bytes:
    """The body of a well-formed chat completion, with some fields changed; None leaves a field out."""
    body = {"model": QWEN_PLUS, "messages": [{"role": "user", "content": "hello"}], **changes}
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


@pytest.fixture(scope="module")
def api_key(world: World) -> str:
    """A valid key of the default workspace, so that a refusal is about the request and nothing else."""
    return studio.create_key(world.root, None, "for the error tests").api_key_value


@pytest.fixture(scope="module", autouse=True)
def nothing_half_written(world: World) -> Iterator[None]:
    """The one user of this file; after all its refusals there is no other whose name begins like hers."""
    ram.create_user(world.root, USER)
    yield
    known = {user["userName"] for user in world.root.ours("ListUsers", maxResults="200")["users"]}
    in_ram = {user.user_name for user in world.root.ram.list_users(ListUsersRequest(max_items=1000)).body.users.user}
    assert {name for name in known | in_ram if name.startswith(USER)} == {USER}


def roa(
    world: World, method: str, target: str, body: bytes | None = None, kind: str = JSON_TYPE, announced: int | None = None,
) -> Answer:
    """A ModelStudio call as `curl -u` makes it."""
    headers = raw.basic(world.root) | ({"content-type": kind} if body is not None else {})
    return raw.send(world.server.control, method, target, headers=headers, body=body, announced=announced)


def rpc(
    world: World, target: str, method: str = "POST", body: bytes | None = None, kind: str = FORM_TYPE, announced: int | None = None,
) -> Answer:
    """An RAM call as `curl -u` makes it."""
    headers = raw.basic(world.root) | ({"content-type": kind} if body is not None else {})
    return raw.send(world.server.control, method, target, headers=headers, body=body, announced=announced)


def model_call(world: World, key: str, body: bytes | None, kind: str = JSON_TYPE, announced: int | None = None) -> Answer:
    """A chat completion as `curl` makes it."""
    headers = raw.bearer(key) | {"content-type": kind}
    return raw.send(world.server.gateway, "POST", "/v1/chat/completions", headers=headers, body=body, announced=announced)


class TestRoa:
    """ModelStudio and bailey's own operations."""

    @pytest.mark.parametrize(("body", "named"), [
        pytest.param(b'{"type":"RamUser",', "body", id="cut-off"),
        pytest.param(b"[]", "body", id="not-an-object"),
        pytest.param(b'{"userName":"\xff\xfe"}', "body", id="not-utf-8"),
        pytest.param(DEEP, "userName", id="nested-too-deep"),
        pytest.param(b"{}", "userName", id="empty"),
        pytest.param(add_user(userName=None), "userName", id="field-missing"),
        pytest.param(add_user(userName={"a": 1}), "userName", id="object-for-text"),
        pytest.param(add_user(userName=["a"]), "userName", id="list-for-text"),
        pytest.param(add_user(userName=f"{USER}-\0"), "userName", id="nul-character"),
        pytest.param(add_user(userName=f"{USER}-" + "x" * 100), "userName", id="name-too-long"),
        pytest.param(add_user(userName=f"{USER}-1", displayName="x" * 129), "displayName", id="display-name-too-long"),
        pytest.param(add_user(userName=f"{USER}-1", type="Robot"), "type", id="not-one-of-the-values"),
        pytest.param(add_user(displayname="typo"), "displayname", id="unknown-field"),
    ])
    def test_a_bad_body_is_refused_and_the_field_named(self, world: World, body: bytes, named: str) -> None:
        error = raw.check_roa_error(answer := roa(world, "POST", "/modelstudio/users", body))
        assert answer.status == 400, answer
        assert named in error["message"], error

    def test_roa_takes_the_well_formed_request(self, world: World) -> None:
        """The same call without a defect: what the others are refused for is their defect."""
        assert roa(world, "POST", "/modelstudio/users", add_user()).status == 200

    @pytest.mark.parametrize(("query", "named"), [
        ("maxResults=many", "maxResults"), ("maxResults=-1", "maxResults"), ("maxResults=201", "maxResults"),
        ("maxResults=99999999999999999999", "maxResults"), ("nextToken=tampered", "nextToken"),
        ("maxResult=3", "maxResult"), ("maxResults=1&maxResults=2", "maxResults"), ("nextToken=%FF", "nextToken"),
    ])
    def test_a_bad_query_is_refused_and_the_parameter_named(self, world: World, query: str, named: str) -> None:
        error = raw.check_roa_error(answer := roa(world, "GET", f"/modelstudio/users?{query}"))
        assert answer.status == 400, answer
        assert named in error["message"], error

    def test_another_content_type_is_refused(self, world: World) -> None:
        error = raw.check_roa_error(answer := roa(world, "POST", "/modelstudio/users", add_user(userName=f"{USER}-2"), "text/plain"))
        assert answer.status in {400, 415}, answer
        assert "content-type" in error["message"].lower(), error

    def test_an_oversized_body_is_refused_before_it_is_sent(self, world: World) -> None:
        answer = roa(world, "POST", "/modelstudio/users", announced=HUGE)
        raw.check_roa_error(answer)
        assert answer.status == 413, answer

    @pytest.mark.parametrize(("method", "target"), [
        ("GET", "/modelstudio/nonsense"), ("PATCH", "/modelstudio/users"), ("DELETE", "/modelstudio/users"),
        ("DELETE", "/modelstudio/users/%FF"), ("GET", "/modelstudio/users/../workspaces"), ("GET", "/modelstudio//users"),
        ("GET", "/modelstudio/decisions/" + "x" * 300), ("GET", "/modelstudio/decisions/no-such-decision"),
        ("GET", "/modelstudio/workspaces/" + quote("llm-'; --") + "/members"),
    ])
    def test_an_unknown_path_or_method_is_refused(self, world: World, method: str, target: str) -> None:
        raw.check_roa_error(roa(world, method, target))

    @pytest.mark.parametrize("headers", NO_CREDENTIAL)
    def test_without_a_valid_credential_nothing_is_answered(self, world: World, headers: dict[str, str]) -> None:
        answer = raw.send(world.server.control, "GET", "/modelstudio/users", headers=headers)
        raw.check_roa_error(answer)
        assert USER not in answer.text


class TestRpc:
    """RAM and STS."""

    ACTION = "/?Version=2015-05-01&Action="

    @pytest.mark.parametrize(("method", "target", "body"), [
        ("POST", ACTION + f"GetUser&UserName={USER}", None),
        ("GET", ACTION + f"GetUser&UserName={USER}&Format=JSON", None),
        ("POST", ACTION + "GetUser", f"UserName={USER}".encode()),
        ("POST", "/", f"Version=2015-05-01&Action=GetUser&UserName={USER}".encode()),
    ])
    def test_rpc_takes_query_and_form_alike(self, world: World, method: str, target: str, body: bytes | None) -> None:
        answer = rpc(world, target, method, body)
        assert answer.status == 200, answer
        assert answer.json()["User"]["UserName"] == USER

    @pytest.mark.parametrize("target", [ACTION + "NoSuchAction", "/?Action=GetUser&Version=1999-01-01"])
    def test_an_unknown_action_is_not_found(self, world: World, target: str) -> None:
        error = raw.check_rpc_error(answer := rpc(world, target))
        assert (answer.status, error["Code"]) == (404, "InvalidApi.NotFound"), answer
        assert error["Message"] == "Specified api is not found, please check your url and method."

    @pytest.mark.parametrize(("target", "named"), [
        pytest.param(ACTION + "CreateUser", "UserName", id="missing"),
        pytest.param(ACTION + "CreateUser&UserName=", "UserName", id="empty"),
        pytest.param(ACTION + "CreateUser&UserName=" + "x" * 65, "UserName", id="too-long"),
        pytest.param(ACTION + f"CreateUser&UserName={USER}-1&DisplayName=" + "x" * 129, "DisplayName", id="display-name-too-long"),
        pytest.param(ACTION + f"CreateUser&UserName={USER}-1&UserName={USER}-2", "UserName", id="twice"),
        pytest.param(ACTION + f"CreateUser&UserName={USER}-%00", "UserName", id="nul-character"),
        pytest.param(ACTION + f"CreateUser&UserName={USER}-%FF", "UserName", id="not-utf-8"),
        pytest.param(ACTION + f"CreateUser&UserName={USER}-1&Displayname=typo", "Displayname", id="unknown-parameter"),
        pytest.param(ACTION + "ListUsers&MaxItems=many", "MaxItems", id="not-a-number"),
        pytest.param(ACTION + "ListUsers&MaxItems=0", "MaxItems", id="number-too-small"),
        pytest.param(ACTION + "ListUsers&MaxItems=1001", "MaxItems", id="number-too-large"),
        pytest.param(ACTION + "ListUsers&Marker=tampered", "Marker", id="marker-of-nobody"),
        pytest.param(ACTION + "DeletePolicy&PolicyName=p&CascadingDelete=perhaps", "CascadingDelete", id="not-a-boolean"),
        pytest.param("/?Version=2015-05-01", "Action", id="no-action"),
    ])
    def test_a_bad_parameter_is_refused_and_named(self, world: World, target: str, named: str) -> None:
        error = raw.check_rpc_error(answer := rpc(world, target))
        assert answer.status == 400, answer
        assert named in error["Message"], error

    def test_another_content_type_is_refused(self, world: World) -> None:
        answer = rpc(world, self.ACTION + "GetUser", body=f"UserName={USER}".encode(), kind="text/plain")
        raw.check_rpc_error(answer)
        assert answer.status in {400, 415}, answer

    def test_an_oversized_body_is_refused_before_it_is_sent(self, world: World) -> None:
        answer = rpc(world, self.ACTION + "CreateUser", announced=HUGE)
        raw.check_rpc_error(answer)
        assert answer.status == 413, answer

    @pytest.mark.parametrize("headers", NO_CREDENTIAL)
    def test_without_a_valid_credential_nothing_is_answered(self, world: World, headers: dict[str, str]) -> None:
        answer = raw.send(world.server.control, "POST", self.ACTION + "ListUsers", headers=headers)
        raw.check_rpc_error(answer)
        assert USER not in answer.text


class TestGateway:
    """The OpenAI-compatible surface."""

    def test_the_gateway_takes_the_well_formed_request(self, world: World, api_key: str) -> None:
        answer = model_call(world, api_key, chat())
        assert answer.status == 200, answer
        assert answer.headers["x-request-id"]

    @pytest.mark.parametrize(("body", "named"), [
        pytest.param(b'{"model":', "JSON", id="cut-off"),
        pytest.param(b"", "JSON", id="empty"),
        pytest.param(b"[]", "JSON", id="not-an-object"),
        pytest.param(b'{"model":"\xff"}', "JSON", id="not-utf-8"),
        pytest.param(DEEP, "JSON", id="nested-too-deep"),
        pytest.param(chat(model=None), "model", id="model-missing"),
        pytest.param(chat(model=5), "model", id="model-a-number"),
        pytest.param(chat(model=""), "model", id="model-empty"),
        pytest.param(chat(messages=None), "messages", id="messages-missing"),
        pytest.param(chat(messages="hello"), "messages", id="messages-a-text"),
        pytest.param(chat(messages=[]), "messages", id="messages-empty"),
        pytest.param(chat(stream="perhaps"), "stream", id="stream-not-a-boolean"),
    ])
    def test_a_bad_body_is_refused_and_the_field_named(self, world: World, api_key: str, body: bytes, named: str) -> None:
        error = raw.check_gateway_error(answer := model_call(world, api_key, body))
        assert answer.status == 400, answer
        assert error["type"] == "invalid_request_error", answer
        assert named in error["message"], error

    def test_a_very_long_model_name_is_no_model(self, world: World, api_key: str) -> None:
        answer = model_call(world, api_key, chat(model="x" * 10_000))
        raw.check_gateway_error(answer)
        assert answer.status in {400, 404}, answer
        assert len(answer.text) < 2_000, "what the caller sent is not echoed at length"

    def test_another_content_type_is_refused(self, world: World, api_key: str) -> None:
        error = raw.check_gateway_error(answer := model_call(world, api_key, chat(), kind="text/plain"))
        assert answer.status in {400, 415}, answer
        assert "content-type" in error["message"].lower(), error

    def test_an_oversized_body_is_refused_before_it_is_sent(self, world: World, api_key: str) -> None:
        answer = model_call(world, api_key, None, announced=HUGE)
        raw.check_gateway_error(answer)
        assert answer.status == 413, answer

    @pytest.mark.parametrize(("method", "target"), [
        ("GET", "/"), ("GET", "/nonsense"), ("POST", "/v1/nonsense"), ("GET", "/v1/chat/completions"), ("DELETE", "/v1/models"),
        ("POST", "/compatible-mode/v1/nonsense"), ("POST", "/V1/chat/completions"), ("POST", "/v1//chat/completions"),
        ("POST", "/v1/chat/completions/"), ("POST", "/v1/%63hat/completions%00"),
    ])
    def test_an_unknown_path_or_method_is_refused(self, world: World, api_key: str, method: str, target: str) -> None:
        body = chat() if method == "POST" else None
        answer = raw.send(world.server.gateway, method, target, headers=raw.bearer(api_key) | {"content-type": JSON_TYPE}, body=body)
        raw.check_gateway_error(answer)
        assert answer.status in {400, 404, 405}, answer

    @pytest.mark.parametrize("target", ["/v1/chat/completions", "/v1/embeddings", "/v1/models", "/compatible-mode/v1/models"])
    @pytest.mark.parametrize("headers", NO_KEY)
    def test_without_a_valid_key_nothing_is_answered(self, world: World, target: str, headers: dict[str, str]) -> None:
        method = "GET" if target.endswith("models") else "POST"
        body = chat() if method == "POST" else None
        answer = raw.send(world.server.gateway, method, target, headers=headers | {"content-type": JSON_TYPE}, body=body)
        error = raw.check_gateway_error(answer)
        assert (answer.status, error["code"]) == (401, "invalid_api_key"), answer
        assert "x-bailey-reason" not in answer.headers, answer
