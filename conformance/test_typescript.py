"""RAM through the official TypeScript SDK, whose queries are encoded otherwise than Python's. The calls are in `typescript/life.cjs`."""

from typing import Any

import pytest

from support import node
from support.calls import CALLS, Refused
from support.ledger import LEDGER
from support.world import World

PASSWORDS = {"BAILEY_PASSWORD": "Typescript-one-1", "BAILEY_OTHER_PASSWORD": "Typescript-two-2"}
CLIENT = "typescript ram"
ODD = "a b+c*~é/'!()研发"

REFUSED = {
    "taken": (409, "EntityAlreadyExists.User", "The user does already EXIST."),
    "notYet": (403, "NoPermission", "You are not authorized to perform this action."),
    "noMore": (403, "NoPermission", "You are not authorized to perform this action."),
    "disabled": (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
    "gone": (404, "EntityNotExist.User", "The user does not exist."),
    "full": (409, "LimitExceeded.Policy.Version", "The count of policy version beyond the current limits."),
    "hasVersions": (409, "DeleteConflict.Policy.Version", "The policy CAN NOT has any version except the default version."),
    "groupFull": (409, "DeleteConflict.Group.User", "The group CAN NOT has any user member while deleting the group."),
    "groupGone": (404, "EntityNotExist.Group", "The group does not exist."),
    "roleHolds": (409, "DeleteConflict.Role.Policy", "The role CAN NOT has any attached policy while deleting the role."),
    "roleGone": (404, "EntityNotExist.Role", "The role does not exist."),
    "passwordWrong": (400, "InvalidParameter.OldPassword.Incorrect", 'The parameter - "OldPassword" is incorrect.'),
    "deviceBound": (
        409, "DeleteConflict.VirtualMFADevice.User", "The virtual mfa device CAN NOT been bound to any user while deleting it.",
    ),
    "impostor": (400, "SignatureDoesNotMatch", "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256"),
}


@pytest.fixture(scope="module")
def told(world: World) -> dict[str, Any]:
    """Everything that the script printed."""
    for name, password in PASSWORDS.items():
        LEDGER.secret(name, password)
    found = node.run("life.cjs", PASSWORDS | {
        "BAILEY_CONTROL": world.server.control,
        "BAILEY_ACCESS_KEY_ID": world.root.access_key_id, "BAILEY_ACCESS_KEY_SECRET": world.root.access_key_secret,
    })
    for call in found["calls"]:
        if "code" in call:
            CALLS.refused.add(Refused(CLIENT, call["action"], call["status"], call["code"], call["message"]))
        else:
            CALLS.done.add((CLIENT, call["action"]))
    return found


@pytest.fixture(scope="module")
def answers(told: dict[str, Any]) -> dict[str, Any]:
    """What each call answered."""
    found = told["answers"]
    for owner, answer in (("typescript-user", found["key"]), ("typescript-login", found["loginKey"])):
        LEDGER.access_key(owner, answer["accessKey"]["accessKeyId"], answer["accessKey"]["accessKeySecret"])
    LEDGER.secret("seed of typescript-login", found["device"]["virtualMFADevice"]["base32StringSeed"])
    for name, answer in found.items():
        if "code" in answer:
            LEDGER.error(f"TypeScript, {name}", answer["message"])
    return found


def test_it_calls_everything_that_the_client_has(told: dict[str, Any]) -> None:
    called = {call["action"].lower() for call in told["calls"]}
    assert {method.lower() for method in told["methods"]} == called


def test_what_is_good_is_done(answers: dict[str, Any]) -> None:
    assert {name for name, answer in answers.items() if "code" in answer} == REFUSED.keys(), answers
    assert all(answer["requestId"] for name, answer in answers.items() if name not in REFUSED), answers


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_is_refused(answers: dict[str, Any], name: str) -> None:
    status, code, message = REFUSED[name]
    answer = answers[name]
    assert (answer["status"], answer["code"]) == (status, code), answer
    assert message in answer["message"], answer


def test_a_user_a_key_and_a_policy(answers: dict[str, Any]) -> None:
    assert answers["read"]["user"]["userId"] == answers["created"]["user"]["userId"]
    assert answers["read"]["user"]["comments"] == ODD
    assert "lastUsedDate" not in answers["unused"]["accessKeyLastUsed"]
    assert len(answers["allowed"]["users"]["user"]) == 1
    assert [policy["policyName"] for policy in answers["policies"]["policies"]["policy"]] == ["typescript-policy"]
    assert [user["userName"] for user in answers["entities"]["users"]["user"]] == ["typescript-user"]
    assert [key["status"] for key in answers["keys"]["accessKeys"]["accessKey"]] == ["Inactive"]
    decoded = answers["decoded"]["decodedDiagnosticMessage"]
    assert (decoded["explicitDeny"], decoded["authAction"]) == (False, "ram:ListUsers")
    assert answers["renamed"]["user"]["userName"] == "typescript-user-2"


def test_versions_rotate(answers: dict[str, Any]) -> None:
    created = answers["v6"]["policyVersion"]
    assert (created["versionId"], created["isDefaultVersion"]) == ("v6", True)
    rotated = answers["rotated"]["policyVersions"]["policyVersion"]
    assert {version["versionId"]: version["isDefaultVersion"] for version in rotated} == {
        "v1": False, "v3": False, "v4": False, "v5": False, "v6": True,
    }
    assert "ram:Get6" in answers["version"]["policyVersion"]["policyDocument"]
    read = answers["policyRead"]
    assert (read["policy"]["defaultVersion"], read["policy"]["description"]) == ("v5", "told anew")
    assert "ram:Get5" in read["defaultPolicyVersion"]["policyDocument"]


@pytest.mark.parametrize(("name", "expected"), [
    ("policyList", ["typescript-versions"]),
    ("groupList", [f"typescript-group-{number}" for number in (1, 2, 3)]),
    ("members", [f"typescript-member-{number}" for number in (1, 2, 3)]),
    ("userList", [f"typescript-member-{number}" for number in (1, 2, 3)]),
    ("roleList", [f"typescript-role-{number}" for number in (1, 2, 3)]),
])
def test_lists_come_in_pages(answers: dict[str, Any], name: str, expected: list[str]) -> None:
    found, pages = answers[name]["found"], answers[name]["pages"]
    assert len(found) == len(set(found))
    assert [row for row in found if row.startswith("typescript-")] == expected
    assert all(size == 2 for size in pages[:-1])
    assert pages[-1] in {1, 2}


def test_groups_and_roles(answers: dict[str, Any]) -> None:
    assert answers["groupRead"]["group"]["comments"] == ODD
    assert [group["groupName"] for group in answers["groupsOf"]["groups"]["group"]] == ["typescript-group-1"]
    assert answers["groupRenamed"]["group"]["groupName"] == "typescript-group-1-new"
    for listed in ("groupPolicies", "rolePolicies"):
        assert [policy["policyName"] for policy in answers[listed]["policies"]["policy"]] == ["AliyunRAMReadOnlyAccess"]
    role = answers["roleRead"]["role"]
    assert (role["description"], role["maxSessionDuration"]) == (ODD, 7200)
    tags = lambda name: [(tag["tagKey"], tag["tagValue"]) for tag in answers[name]["tagResources"]]
    assert (tags("tags"), tags("tagsLeft")) == ([("stage", ""), ("team", "研发")], [("team", "研发")])


def test_logins(answers: dict[str, Any], account: str) -> None:
    assert answers["profile"]["loginProfile"]["passwordResetRequired"] is True
    assert answers["profileRead"]["loginProfile"]["passwordResetRequired"] is True
    serial = f"acs:ram::{account}:mfa/typescript-login"
    assert answers["device"]["virtualMFADevice"]["serialNumber"] == serial
    assert answers["device2"]["MFADevice"] == {"serialNumber": serial, "type": "VMFA"}
    listed = {device["serialNumber"]: device for device in answers["devices"]["virtualMFADevices"]["virtualMFADevice"]}
    assert listed[serial]["user"]["userName"] == "typescript-login"
    assert answers["unbound"]["MFADevice"]["serialNumber"] == serial
    assert answers["alias"]["accountAlias"] == "typescript"
    assert answers["rule"]["passwordPolicy"]["minimumPasswordLength"] == 10
    assert answers["ruleReset"]["passwordPolicy"]["minimumPasswordLength"] == 8
    assert answers["preference"]["securityPreference"]["loginProfilePreference"]["loginSessionDuration"] == 4
