"""RPC calls with `Format=XML`: every answer well formed, with the fields that JSON has, and errors before and behind authentication too."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from support import ram, raw
from support.ledger import LEDGER
from support.v1 import encoded, signed
from support.world import World

NAME = "xml-user"
GROUP = "xml-group"
POLICY = "xml-policy"
MARKUP = "<a b='1'> & \"c\" ]]> 研发 &amp;"
LINES = ram.document(ram.statement("Allow", ["ram:Get*", "ram:List*"])).replace(",", ",\r\n\t")
"""A document with line ends, which a reader of XML may keep only where they are written as references."""

REFERENCE = Path(__file__).parent.parent / "docs" / "reference" / "operations.md"
CALLS = sorted(set(re.findall(r"RPC `(\w+)`, version ([0-9-]+)", REFERENCE.read_text())))
"""Every RPC call that the server answers, with its version."""

POLICY_OF_USER = {"PolicyType": "Custom", "PolicyName": POLICY, "UserName": NAME}
POLICY_OF_GROUP = {"PolicyType": "Custom", "PolicyName": POLICY, "GroupName": GROUP}
MEMBERSHIP = {"UserName": NAME, "GroupName": GROUP}
ONE_POLICY = {"PolicyType": "Custom", "PolicyName": POLICY}

LIFE: list[tuple[str, dict[str, str]]] = [
    ("GetCallerIdentity", {"Version": "2015-04-01"}),
    ("CreateUser", {"UserName": NAME, "DisplayName": "研发", "Comments": MARKUP}),
    ("GetUser", {"UserName": NAME}),
    ("UpdateUser", {"UserName": NAME, "NewComments": MARKUP * 2}),
    ("ListUsers", {}),
    ("ListUsers", {"MaxItems": "1"}),
    ("CreateAccessKey", {"UserName": NAME}),
    ("ListAccessKeys", {"UserName": NAME}),
    ("CreatePolicy", {"PolicyName": POLICY, "PolicyDocument": LINES, "Description": MARKUP}),
    ("CreatePolicyVersion", {"PolicyName": POLICY, "PolicyDocument": ram.document(ram.statement("Deny", "ram:*"))}),
    ("GetPolicy", ONE_POLICY),
    ("GetPolicyVersion", ONE_POLICY | {"VersionId": "v2"}),
    ("ListPolicyVersions", ONE_POLICY),
    ("SetDefaultPolicyVersion", {"PolicyName": POLICY, "VersionId": "v2"}),
    ("UpdatePolicyDescription", {"PolicyName": POLICY, "NewDescription": "plain"}),
    ("ListPolicies", {"PolicyType": "Custom"}),
    ("ListPolicies", {}),
    ("ListPoliciesForUser", {"UserName": NAME}),
    ("AttachPolicyToUser", POLICY_OF_USER),
    ("ListPoliciesForUser", {"UserName": NAME}),
    ("CreateGroup", {"GroupName": GROUP, "Comments": MARKUP}),
    ("ListUsersForGroup", {"GroupName": GROUP}),
    ("AddUserToGroup", MEMBERSHIP),
    ("ListUsersForGroup", {"GroupName": GROUP}),
    ("ListGroupsForUser", {"UserName": NAME}),
    ("AttachPolicyToGroup", POLICY_OF_GROUP),
    ("ListPoliciesForGroup", {"GroupName": GROUP}),
    ("ListEntitiesForPolicy", ONE_POLICY),
    ("UpdateGroup", {"GroupName": GROUP, "NewComments": MARKUP * 2}),
    ("GetGroup", {"GroupName": GROUP}),
    ("ListGroups", {"MaxItems": "100"}),
    ("DetachPolicyFromGroup", POLICY_OF_GROUP),
    ("RemoveUserFromGroup", MEMBERSHIP),
    ("DeleteGroup", {"GroupName": GROUP}),
    ("DetachPolicyFromUser", POLICY_OF_USER),
    ("DeletePolicyVersion", {"PolicyName": POLICY, "VersionId": "v1"}),
    ("DeletePolicy", {"PolicyName": POLICY}),
]
"""One thing after another, each call good when its turn comes."""


def call(world: World, action: str, parameters: dict[str, str], format_: str = "XML") -> raw.Answer:
    """A signed call of root."""
    body = encoded(signed(world.root, "POST", {"Action": action, "Format": format_} | parameters))
    return raw.send(world.server.control, "POST", "/", headers={"content-type": raw.FORM_TYPE}, body=body.encode())


def check_same(value: Any, element: ElementTree.Element) -> None:
    """The element holds what JSON has: a field is an element, a list is its element repeated."""
    if isinstance(value, dict):
        assert {child.tag for child in element} == {name for name, inner in value.items() if inner != []}, element.tag
        for name, inner in value.items():
            children = element.findall(name)
            items = inner if isinstance(inner, list) else [inner]
            assert len(children) == len(items), name
            for item, child in zip(items, children):
                check_same(item, child)
    else:
        expected = value if isinstance(value, str) else json.dumps(value)
        assert (element.text or "") == expected, element.tag
        assert len(element) == 0, element.tag


def test_every_success_is_well_formed_and_has_the_fields_of_json(world: World) -> None:
    for action, parameters in LIFE:
        answer = call(world, action, parameters)
        assert answer.status == 200, answer
        root = answer.xml(f"{action}Response")
        assert root.findtext("RequestId") == answer.headers["x-acs-request-id"]
        if action.startswith(("Get", "List")):
            body = call(world, action, parameters, "JSON").json()
            body["RequestId"] = root.findtext("RequestId")
            check_same(body, root)
        if action == "CreateAccessKey":
            key_id, secret = (root.findtext(f"AccessKey/{name}") for name in ("AccessKeyId", "AccessKeySecret"))
            assert key_id and secret
            LEDGER.access_key(NAME, key_id, secret)
            for status in ("UpdateAccessKey", "DeleteAccessKey"):
                key = {"UserName": NAME, "UserAccessKeyId": key_id} | ({"Status": "Inactive"} if status == "UpdateAccessKey" else {})
                assert call(world, status, key).xml(f"{status}Response").findtext("RequestId")
    deleted = call(world, "DeleteUser", {"UserName": NAME})
    assert [child.tag for child in deleted.xml("DeleteUserResponse")] == ["RequestId"]


def test_markup_in_text_comes_back_as_it_was(world: World) -> None:
    call(world, "CreateUser", {"UserName": f"{NAME}-markup", "Comments": MARKUP}).xml("CreateUserResponse")
    found = call(world, "GetUser", {"UserName": f"{NAME}-markup"}).xml("GetUserResponse")
    assert found.findtext("User/Comments") == MARKUP
    call(world, "DeleteUser", {"UserName": f"{NAME}-markup"}).xml("DeleteUserResponse")
    call(world, "CreatePolicy", {"PolicyName": f"{POLICY}-lines", "PolicyDocument": LINES}).xml("CreatePolicyResponse")
    found = call(world, "GetPolicy", ONE_POLICY | {"PolicyName": f"{POLICY}-lines"}).xml("GetPolicyResponse")
    assert found.findtext("DefaultPolicyVersion/PolicyDocument") == LINES
    call(world, "DeletePolicy", {"PolicyName": f"{POLICY}-lines"}).xml("DeletePolicyResponse")


def test_the_reference_names_the_calls() -> None:
    assert {action for action, _ in LIFE} <= {action for action, _ in CALLS}


@pytest.mark.parametrize(("action", "version"), CALLS)
def test_every_error_is_well_formed_and_has_the_fields_of_json(world: World, action: str, version: str) -> None:
    """Every call, with a parameter that it does not have, or without one that it needs."""
    parameters = {"Version": version, "<Un&heard>": "of"}
    answer = call(world, action, parameters)
    error = raw.check_rpc_xml_error(answer)
    same = raw.check_rpc_error(call(world, action, parameters, "JSON"))
    assert error == same | {"RequestId": answer.headers["x-acs-request-id"]}


def test_a_refusal_keeps_its_detail(world: World) -> None:
    user = world.hire(f"{NAME}-poor")
    parameters = signed(user, "GET", {"Action": "ListUsers", "Format": "XML"})
    error = raw.send(world.server.control, "GET", f"/?{encoded(parameters)}")
    assert error.status == 403, error
    assert error.xml("Error").findtext("Code") == "NoPermission"
    assert error.xml("Error").findtext("AccessDeniedDetail/AuthAction") == "ram:ListUsers"


@pytest.mark.parametrize(("query", "headers", "status", "code"), [
    pytest.param("Action=ListUsers&Version=2015-05-01", {}, 400, "MissingAccessKeyId", id="no-credential"),
    pytest.param("Action=ListUsers&Version=2015-05-01", {"authorization": "Basic !!!"}, 400, "IncompleteSignature", id="broken"),
    pytest.param("Action=ListUsers&Version=2015-05-01&AccessKeyId=%3C&Signature=x", {}, 400, "MissingSignatureMethod", id="incomplete"),
    pytest.param("Action=%3CNo%26%3E&Version=2015-05-01", {}, 404, "InvalidApi.NotFound", id="no-such-call"),
    pytest.param("Version=2015-05-01", {}, 400, "MissingAction", id="no-action"),
])
def test_errors_before_authentication_are_in_xml(
    world: World, query: str, headers: dict[str, str], status: int, code: str,
) -> None:
    for format_ in ("XML", "xml"):
        answer = raw.send(world.server.control, "GET", f"/?{query}&Format={format_}", headers=headers)
        assert (answer.status, raw.check_rpc_xml_error(answer)["Code"]) == (status, code)


def test_an_oversized_body_and_another_method_are_told_in_xml(world: World) -> None:
    answer = raw.send(world.server.control, "POST", "/?Format=XML", announced=1 << 30)
    assert (answer.status, raw.check_rpc_xml_error(answer)["Code"]) == (413, "RequestTooLarge")
    answer = raw.send(world.server.control, "PUT", "/?Format=XML", body=b"a=b")
    assert (answer.status, raw.check_rpc_xml_error(answer)["Code"]) == (405, "UnsupportedHTTPMethod")


@pytest.mark.parametrize("format_", ["YAML", "", "XML%20", "%FF"])
def test_another_format_is_refused(world: World, format_: str) -> None:
    target = f"/?Action=ListUsers&Version=2015-05-01&Format={format_}"
    error = raw.check_rpc_error(answer := raw.send(world.server.control, "GET", target, headers=raw.basic(world.root)))
    assert (answer.status, error["Code"]) == (400, "InvalidParameter.Format")


@pytest.mark.parametrize("accept", ["text/xml", "application/xml", "*/*"])
def test_json_is_what_comes_without_a_format(world: World, accept: str) -> None:
    headers = raw.basic(world.root) | {"accept": accept}
    answer = raw.send(world.server.control, "GET", "/?Action=ListUsers&Version=2015-05-01", headers=headers)
    assert answer.json()["Users"]


def test_roa_calls_have_no_format(world: World) -> None:
    error = raw.check_roa_error(raw.send(world.server.control, "GET", "/modelstudio/users?Format=XML", headers=raw.basic(world.root)))
    assert (error["code"], "`Format`" in error["message"]) == ("InvalidParameter", True)
