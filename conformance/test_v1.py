"""RAM through the older SDK, which signs with HMAC-SHA1 in parameters; and the ways to send such a signature that the SDK does not use."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from support import ram, raw
from support.cloud import Cloud
from support.ledger import LEDGER
from support.v1 import OldCloud, encoded, old_refused, signed
from support.world import World

NAME = "old-user"
ODD = "a b+c*~é/'!()研发"
EXPIRED = "Specified time stamp or date value is expired."


@pytest.fixture(scope="module")
def old(world: World) -> OldCloud:
    """Root, with the older client."""
    return OldCloud(world.root)


class TestSdk:
    """What `aliyun-python-sdk-core` and `aliyun-python-sdk-ram` do."""

    def test_a_user_lives(self, old: OldCloud) -> None:
        created = old.act("CreateUser", UserName=NAME, DisplayName="研发 Old", Comments=ODD)["User"]
        read = old.act("GetUser", UserName=NAME)["User"]
        assert (read["UserId"], read["DisplayName"], read["Comments"]) == (created["UserId"], "研发 Old", ODD)
        old.act("UpdateUser", UserName=NAME, NewUserName=f"{NAME}-2", NewComments="")
        users = old.act("ListUsers", MaxItems=1000)["Users"]["User"]
        assert f"{NAME}-2" in {user["UserName"] for user in users}
        old.act("DeleteUser", UserName=f"{NAME}-2")
        with old_refused(404, "EntityNotExist.User") as refusal:
            old.act("GetUser", UserName=f"{NAME}-2")
        assert refusal.message == "The user does not exist."

    def test_an_access_key_lives_and_its_owner_is_refused_what_no_policy_allows(self, world: World, old: OldCloud) -> None:
        old.act("CreateUser", UserName=f"{NAME}-key")
        made = old.act("CreateAccessKey", UserName=f"{NAME}-key")["AccessKey"]
        key_id, secret = made["AccessKeyId"], made["AccessKeySecret"]
        LEDGER.access_key(f"{NAME}-key", key_id, secret)
        user = OldCloud(Cloud(world.server.control, key_id, secret))
        with old_refused(403, "NoPermission"):
            user.act("ListUsers")
        (listed,) = old.act("ListAccessKeys", UserName=f"{NAME}-key")["AccessKeys"]["AccessKey"]
        assert (listed["AccessKeyId"], listed["Status"]) == (key_id, "Active")

        old.act("UpdateAccessKey", UserName=f"{NAME}-key", UserAccessKeyId=key_id, Status="Inactive")
        with old_refused(400, "InvalidAccessKeyId.Inactive"):
            user.act("ListUsers")
        old.act("DeleteAccessKey", UserName=f"{NAME}-key", UserAccessKeyId=key_id)
        with old_refused(404, "InvalidAccessKeyId.NotFound"):
            user.act("ListUsers")
        old.act("DeleteUser", UserName=f"{NAME}-key")

    def test_a_policy_lives(self, old: OldCloud) -> None:
        policy = {"PolicyName": f"{NAME}-policy"}
        first, second = (ram.document(ram.statement("Allow", action)) for action in ("ram:Get*", "ram:List*"))
        old.act("CreateUser", UserName=f"{NAME}-policy")
        assert old.act("CreatePolicy", PolicyDocument=first, Description=ODD, **policy)["Policy"]["DefaultVersion"] == "v1"
        attached = policy | {"PolicyType": "Custom", "UserName": f"{NAME}-policy"}
        old.act("AttachPolicyToUser", **attached)
        (listed,) = old.act("ListPoliciesForUser", UserName=f"{NAME}-policy")["Policies"]["Policy"]
        assert (listed["PolicyName"], listed["Description"]) == (f"{NAME}-policy", ODD)
        old.act("CreatePolicyVersion", PolicyDocument=second, SetAsDefault=True, **policy)
        found = old.act("GetPolicy", PolicyType="Custom", **policy)
        assert json.loads(found["DefaultPolicyVersion"]["PolicyDocument"]) == json.loads(second)
        old.act("DetachPolicyFromUser", **attached)
        old.act("DeletePolicy", CascadingDelete=True, **policy)
        old.act("DeleteUser", UserName=f"{NAME}-policy")

    def test_a_wrong_secret_is_told_as_such(self, world: World) -> None:
        """The client compares the text that we signed with its own, and only if they are the same names the secret."""
        with old_refused(400, "InvalidAccessKeySecret"):
            OldCloud(world.root, "not-the-secret").act("CreateUser", UserName=NAME, Comments=ODD)


class TestByHand:
    """Signatures that are sent as Terraform and others do."""

    @pytest.mark.parametrize("in_form", [set(), {"Action", "UserName"}, {"Signature", "Timestamp"}, None], ids=["query", "some", "others", "form"])
    def test_parameters_stand_in_query_or_form(self, world: World, in_form: set[str] | None) -> None:
        parameters = signed(world.root, "POST", {"Action": "ListUsers", "MaxItems": "1"})
        form = {name: value for name, value in parameters.items() if in_form is None or name in in_form}
        query = {name: value for name, value in parameters.items() if name not in form}
        answer = raw.send(
            world.server.control, "POST", f"/?{encoded(query)}", headers={"content-type": raw.FORM_TYPE}, body=encoded(form).encode(),
        )
        assert answer.status == 200, answer
        assert answer.json()["IsTruncated"] in {True, False}

    def test_a_get_is_good_once(self, world: World) -> None:
        target = f"/?{encoded(signed(world.root, 'GET', {'Action': 'ListUsers'}))}"
        assert raw.send(world.server.control, "GET", target).status == 200
        error = raw.check_rpc_error(raw.send(world.server.control, "GET", target))
        assert (error["Code"], error["Message"][:40]) == ("SignatureNonceUsed", "Specified signature nonce was used alrea")

    @pytest.mark.parametrize(("changes", "status", "code", "message"), [
        ({"SignatureMethod": "HMAC-SHA256"}, 400, "InvalidSignatureMethod", "Specified signature method is not valid."),
        ({"SignatureMethod": ""}, 400, "MissingSignatureMethod", "SignatureMethod is mandatory for this action."),
        ({"Timestamp": "yesterday"}, 400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."),
        ({"Timestamp": "2015-08-18T03:15:45Z"}, 400, "InvalidTimeStamp.Expired", EXPIRED),
        ({"Timestamp": (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")}, 400, "InvalidTimeStamp.Expired", EXPIRED),
        ({"Timestamp": ""}, 400, "MissingTimestamp", "Timestamp is mandatory for this action."),
        ({"SignatureNonce": ""}, 400, "MissingSignatureNonce", "SignatureNonce is mandatory for this action."),
        ({"Action": "NoSuchAction"}, 404, "InvalidApi.NotFound", "Specified api is not found, please check your url and method."),
        ({"Action": "GetUser"}, 400, "MissingParameter", 'The input parameter "UserName" that is mandatory for processing this request is not supplied.'),
        ({"Version": ""}, 400, "MissingVersion", "Version is mandatory for this action."),
        ({"AccessKeyId": "LTAInobodynobodynobody00"}, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
        ({"SecurityToken": "nothing"}, 400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."),
        ({"Format": "YAML"}, 400, "InvalidParameter.Format", "`Format` must be JSON or XML"),
        ({"Unheard": "of"}, 400, "InvalidParameter", "`Unheard` is not a parameter of this operation"),
    ])
    @pytest.mark.parametrize("format_", ["JSON", "XML"])
    def test_a_bad_call_is_refused_in_the_documented_words(
        self, world: World, changes: dict[str, str], status: int, code: str, message: str, format_: str,
    ) -> None:
        parameters = signed(world.root, "GET", {"Action": "ListUsers", "Format": format_} | changes)
        answer = raw.send(world.server.control, "GET", f"/?{encoded(parameters)}")
        error = raw.check_rpc_xml_error(answer) if parameters["Format"] == "XML" else raw.check_rpc_error(answer)
        assert (answer.status, error["Code"], error["Message"][:len(message)]) == (status, code, message), answer

    def test_two_credentials_are_none(self, world: World) -> None:
        target = f"/?{encoded(signed(world.root, 'GET', {'Action': 'ListUsers'}))}"
        error = raw.check_rpc_error(raw.send(world.server.control, "GET", target, headers=raw.basic(world.root)))
        assert error["Code"] == "IncompleteSignature"
        assert raw.send(world.server.control, "GET", target).status == 200, "it is good by itself"

    def test_it_opens_no_other_path(self, world: World) -> None:
        target = f"/modelstudio/users?{encoded(signed(world.root, 'GET', {'Action': 'ListUsers'}))}"
        error = raw.check_roa_error(raw.send(world.server.control, "GET", target))
        assert error["code"] == "IncompleteSignature"

    def test_an_unsigned_header_does_not_choose_the_operation(self, world: World) -> None:
        target = f"/?{encoded(signed(world.root, 'GET', {'Action': 'ListUsers'}))}"
        error = raw.check_rpc_error(raw.send(world.server.control, "GET", target, headers={"x-acs-action": "ListPolicies"}))
        assert error["Code"] == "IncompleteSignature"

    def test_a_mismatch_is_told_to_the_sender_and_not_to_the_log(self, world: World) -> None:
        """The log of this run is verbose; `test_secrets.py` searches it, and the database, for all passwords at the end."""
        password = LEDGER.secret("password in a V1 call", "correct-horse-battery-staple-of-v1")
        parameters = signed(world.root, "POST", {"Action": "CreateUser", "UserName": NAME, "NewPassword": password}, "not-the-secret")
        for method, target, body in [
            ("POST", f"/?{encoded(parameters)}", b""),
            ("POST", "/", encoded(parameters).encode()),
        ]:
            headers = {"content-type": raw.FORM_TYPE}
            answer = raw.send(world.server.control, method, target, headers=headers, body=body, remembered=False)
            error = raw.check_rpc_error(answer)
            assert error["Code"] == "SignatureDoesNotMatch"
            assert error["Message"].startswith(
                "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&AccessKeyId%3D"
            )
            assert password in error["Message"]
            assert answer.headers["cache-control"] == "no-store"
        # Well signed, it is refused by the parameter's name, and never by its value.
        parameters = signed(world.root, "GET", {"Action": "CreateUser", "UserName": NAME, "NewPassword": password})
        error = raw.check_rpc_error(raw.send(world.server.control, "GET", f"/?{encoded(parameters)}"))
        assert "NewPassword" in error["Message"]
        log = world.server.log_path.read_text(errors="replace")
        assert "SignatureDoesNotMatch" in log, "the refusal itself is logged"
        assert password not in log
