"""What if, who can, and tests of policies: bailey's own operations, signed by the generic client, against what really happens."""

import json
from typing import Any

import openai
import pytest
from alibabacloud_ram20150501 import models

from support import gateway, ram, studio
from support.cloud import Cloud
from support.refusals import not_permitted, refused
from support.world import QWEN_MAX, QWEN_PLUS, World

ALICE, BOB = "what-if-alice", "what-if-bob"
MAKERS, TEAM, ROLE = "what-if-makers", "what-if-team", "what-if-role"
CREATE = "modelstudio:CreateWorkspace"
ALLOW, DENY = ram.statement("Allow", CREATE), ram.statement("Deny", CREATE)

Change = dict[str, Any]


def makes(user: str) -> Change:
    """The question whether somebody may make a workspace."""
    return {"subject": {"type": "user", "id": user}, "action": CREATE}


def attachment(kind: str, holder: str, name: str, policy: str = MAKERS) -> Change:
    """An attachment that is to be, or to end."""
    return {"type": kind, "policyName": policy, "to": {"type": holder, "name": name}}


def simulate(cloud: Cloud, changes: list[Change], requests: list[Change]) -> list[str]:
    """What each request gains or loses by the changes."""
    answer = cloud.ours("SimulateAccess", body={"changes": changes, "requests": requests})
    told = [result["change"] for result in answer["results"]]
    assert {kind: answer["totals"][kind] for kind in ("gains", "loses", "same")} == {
        kind: told.count(kind) for kind in ("gains", "loses", "same")
    }
    assert answer["totals"]["skipped"] == 0
    return told


def who_can(cloud: Cloud, size: int = 200, **asked: Any) -> set[tuple[str, str]]:
    """Everybody who can, all pages, each once: kind and name, of a key its owner's."""
    found, token = [], ""
    while True:
        answer = cloud.ours("WhoCan", body=asked | {"maxResults": size, "nextToken": token})
        assert len(answer["principals"]) <= size
        found += answer["principals"]
        token = answer.get("nextToken")
        if not token:
            assert len(found) == len({(able["type"], able["id"]) for able in found})
            return {(able["type"], able["arn"].rsplit("/", 1)[-1].rsplit(":", 1)[-1]) for able in found}


@pytest.fixture(scope="module")
def stage(world: World) -> str:
    """Two users, a group, a role and a policy that one of the users holds; a workspace with a model and a key of that user."""
    root = world.root
    alice = world.hire(ALICE)
    ram.create_user(root, BOB)
    ram.create_group(root, TEAM)
    ram.join(root, BOB, TEAM)
    ram.create_role(root, ROLE, ram.trust(f"acs:ram::{world.account.account_id}:root"))
    ram.create_policy(root, MAKERS, ALLOW)
    ram.attach(root, MAKERS, ALICE)
    for user in (ALICE, BOB):
        root.ours("AddUser", body={"type": "RamUser", "userName": user, "displayName": user})
    workspace = studio.create_workspace(root, "What if").workspace_id
    studio.permit(root, workspace, QWEN_PLUS)
    root.ours("AddMember", workspaceId=workspace, body={"userName": ALICE, "pages": ["api-key"]})
    key = studio.create_key(alice, workspace, "what-if")
    world.keep_key("what-if", key.api_key_id, key.api_key_value)
    return workspace


class TestSimulate:
    """SimulateAccess says who would gain and who would lose, and changes nothing."""

    @pytest.mark.parametrize(("changes", "expected"), [
        ([], ["same", "same"]),
        ([attachment("detach", "user", ALICE)], ["loses", "same"]),
        ([attachment("attach", "user", BOB)], ["same", "gains"]),
        ([attachment("attach", "group", TEAM)], ["same", "gains"]),
        ([{"type": "policy", "policyName": MAKERS, "document": ram.document(DENY)}], ["loses", "same"]),
        ([{"type": "policy", "policyName": "what-if-new", "document": ram.document(ALLOW)}, attachment("attach", "user", BOB, "what-if-new")],
         ["same", "gains"]),
        ([attachment("attach", "user", BOB), attachment("detach", "user", ALICE)], ["loses", "gains"]),
    ])
    def test_policies_and_attachments(self, root: Cloud, stage: str, changes: list[Change], expected: list[str]) -> None:
        assert simulate(root, changes, [makes(ALICE), makes(BOB)]) == expected

    def test_a_role(self, root: Cloud, stage: str) -> None:
        question = {"subject": {"type": "role", "id": ROLE}, "action": CREATE}
        assert simulate(root, [attachment("attach", "role", ROLE)], [question]) == ["gains"]

    def test_seats_and_grants(self, world: World, root: Cloud, stage: str) -> None:
        key = {"type": "apiKey", "id": world.key_ids["what-if"]}
        asked = [
            {"subject": key, "model": QWEN_PLUS}, {"subject": key, "model": QWEN_MAX},
            {"subject": {"type": "user", "id": BOB}, "page": "api-key", "workspaceId": stage},
        ]
        member = lambda user, pages: {"type": "member", "workspaceId": stage, "userName": user, "pages": pages}
        grant = lambda model, inference: {"type": "grant", "workspaceId": stage, "model": model, "inference": inference}
        for change, expected in [
            (member(ALICE, None), ["loses", "same", "same"]),
            (member(BOB, ["api-key"]), ["same", "same", "gains"]),
            (grant(QWEN_PLUS, False), ["loses", "same", "same"]),
            (grant(QWEN_MAX, True), ["same", "gains", "same"]),
        ]:
            assert simulate(root, [change], asked) == expected, change
        # None of it was done.
        caller = world.caller("what-if")
        gateway.say(caller, QWEN_PLUS)
        with pytest.raises(openai.PermissionDeniedError):
            gateway.say(caller, QWEN_MAX)

    def test_limits(self, world: World, root: Cloud, stage: str) -> None:
        asked = [{"subject": {"type": "apiKey", "id": world.key_ids["what-if"]}, "model": QWEN_PLUS}] * 3
        limit = {"type": "limit", "workspaceId": stage, "model": QWEN_PLUS, "requestLimit": 2, "requestLimitPeriod": 60}
        assert simulate(root, [limit], asked) == ["same", "same", "loses"]
        assert simulate(root, [limit, limit | {"requestLimit": 0}], asked) == ["loses", "loses", "loses"]

    def test_what_is_foretold_happens(self, world: World, root: Cloud, stage: str) -> None:
        changes = [attachment("detach", "user", ALICE), attachment("attach", "group", TEAM)]
        assert simulate(root, changes, [makes(ALICE), makes(BOB)]) == ["loses", "gains"]
        assert who_can(root, action=CREATE) >= {("user", ALICE)}
        ram.detach(root, MAKERS, ALICE)
        ram.attach_to_group(root, MAKERS, TEAM)
        able = who_can(root, action=CREATE)
        assert ("user", BOB) in able
        assert ("user", ALICE) not in able
        ram.detach_from_group(root, MAKERS, TEAM)
        ram.attach(root, MAKERS, ALICE)

    def test_earlier_requests_are_asked_again(self, world: World, root: Cloud, stage: str) -> None:
        with pytest.raises(openai.PermissionDeniedError):
            gateway.say(world.caller("what-if"), QWEN_MAX)
        change = {"type": "grant", "workspaceId": stage, "model": QWEN_MAX, "inference": True}
        answer = root.ours("SimulateAccess", body={"changes": [change], "decisions": {"limit": 100}})
        gained = {(result["replayed"]["what"], result["replayed"]["who"]) for result in answer["results"] if result["change"] == "gains"}
        assert gained == {(QWEN_MAX, world.key_ids["what-if"])}

    @pytest.mark.parametrize(("change", "status", "code"), [
        (attachment("attach", "user", "what-if-none"), 404, "EntityNotExist.User"),
        (attachment("attach", "group", "what-if-none"), 404, "EntityNotExist.Group"),
        (attachment("attach", "role", "what-if-none"), 404, "EntityNotExist.Role"),
        (attachment("attach", "user", BOB, "what-if-none"), 404, "EntityNotExist.Policy"),
        (attachment("detach", "user", BOB), 404, "EntityNotExist.User.Policy"),
        ({"type": "policy", "policyName": MAKERS, "document": "{}"}, 400, "MalformedPolicyDocument"),
        ({"type": "grant", "workspaceId": "llm-0123456789abcdef", "model": QWEN_PLUS, "inference": True}, 404, "EntityNotExist.Workspace"),
        ({"type": "wish"}, 400, "InvalidParameter.changes.1.type"),
    ])
    def test_what_is_not_there_is_refused(self, root: Cloud, stage: str, change: Change, status: int, code: str) -> None:
        with refused(status, code):
            simulate(root, [change], [makes(ALICE)])

    def test_it_is_for_managers(self, world: World, stage: str) -> None:
        for operation in ("SimulateAccess", "WhoCan"):
            with not_permitted(f"modelstudio:{operation}"):
                world.person(ALICE).ours(operation, body={"action": CREATE} if operation == "WhoCan" else {"requests": [makes(BOB)]})


class TestWhoCan:
    """WhoCan lists everybody once, whatever the size of its pages."""

    @pytest.mark.parametrize("size", [1, 2, 200])
    def test_everybody_is_listed_once(self, root: Cloud, stage: str, size: int) -> None:
        assert who_can(root, size, page="api-key", workspaceId=stage) == {("root", "root"), ("user", ALICE)}
        able = who_can(root, size, action=CREATE)
        assert able >= {("root", "root"), ("user", ALICE)}
        assert not able & {("user", BOB), ("role", ROLE)}

    def test_keys_can_call_models(self, root: Cloud, stage: str) -> None:
        assert who_can(root, model=QWEN_PLUS, workspaceId=stage) == {("root", "root"), ("apiKey", ALICE)}
        able = who_can(root, model=QWEN_PLUS)
        assert ("apiKey", ALICE) in able
        assert {kind for kind, _ in able} == {"apiKey"}, "people call models with keys"

    @pytest.mark.parametrize("asked", [{}, {"page": "api-key"}, {"model": QWEN_PLUS, "action": CREATE}, {"action": CREATE, "nextToken": "nonsense"}])
    def test_what_asks_nothing_is_refused(self, root: Cloud, asked: dict[str, str]) -> None:
        with pytest.raises(Exception, match="code: 400"):
            root.ours("WhoCan", body=asked)


class TestPolicyTests:
    """PutPolicyTests and GetPolicyTests; no version that fails a test becomes the default."""

    NAME = "what-if-tested"
    TESTS = (
        {"name": "reads", "action": "ram:GetUser", "resource": "*", "expect": "Allow"},
        {"name": "writes nothing", "action": "ram:CreateUser", "resource": "*", "expect": "ImplicitDeny"},
        {"name": "only with MFA", "action": "ram:ListUsers", "resource": "*", "context": {"acs:MFAPresent": True}, "expect": "Allow"},
    )

    @pytest.fixture(scope="class")
    @classmethod
    def policy(cls, world: World) -> str:
        """A policy that passes its tests."""
        mfa = ram.statement("Allow", "ram:ListUsers") | {"Condition": {"Bool": {"acs:MFAPresent": "true"}}}
        ram.create_policy(world.root, cls.NAME, ram.statement("Allow", "ram:Get*"), mfa)
        answer = world.root.ours("PutPolicyTests", policyName=cls.NAME, body={"tests": list(cls.TESTS)})
        assert (answer["count"], answer["failures"]) == (3, [])
        return cls.NAME

    def test_they_are_read_as_they_were_put(self, root: Cloud, policy: str) -> None:
        tests = root.ours("GetPolicyTests", policyName=policy)["tests"]
        assert (json.loads(tests) if isinstance(tests, str) else tests) == list(self.TESTS)

    def test_what_fails_them_does_not_become_the_default(self, root: Cloud, policy: str) -> None:
        wide = ram.document(ram.statement("Allow", "ram:*"))
        version = models.CreatePolicyVersionRequest(policy_name=policy, policy_document=wide, set_as_default=True)
        with refused(409, "PolicyTestsFailed") as refusal:
            root.ram.create_policy_version(version)
        assert "writes nothing" in refusal.message
        version.set_as_default = False
        made = root.ram.create_policy_version(version).body.policy_version.version_id
        with refused(409, "PolicyTestsFailed"):
            root.ram.set_default_policy_version(models.SetDefaultPolicyVersionRequest(policy_name=policy, version_id=made))
        assert root.ram.get_policy(models.GetPolicyRequest(policy_name=policy, policy_type="Custom")).body.policy.default_version == "v1"

    def test_failures_are_told_and_stored_all_the_same(self, root: Cloud, policy: str) -> None:
        wrong = {"name": "deletes", "action": "ram:DeleteUser", "resource": "*", "expect": "Allow"}
        answer = root.ours("PutPolicyTests", policyName=policy, body={"tests": [*self.TESTS, wrong]})
        (failure,) = answer["failures"]
        assert (failure["name"], failure["expected"], failure["got"]) == ("deletes", "Allow", "ImplicitDeny")
        root.ours("PutPolicyTests", policyName=policy, body={"tests": []})
        wide = ram.document(ram.statement("Allow", "ram:*"))
        root.ram.create_policy_version(models.CreatePolicyVersionRequest(policy_name=policy, policy_document=wide, set_as_default=True))

    def test_what_is_wrong_is_refused(self, world: World, root: Cloud, policy: str, stage: str) -> None:
        with refused(404, "EntityNotExist.Policy"):
            root.ours("PutPolicyTests", policyName="what-if-none", body={"tests": []})
        twice = [self.TESTS[0], self.TESTS[0]]
        with pytest.raises(Exception, match="code: 400"):
            root.ours("PutPolicyTests", policyName=policy, body={"tests": twice})
        for operation, body in (("PutPolicyTests", {"tests": []}), ("GetPolicyTests", None)):
            with not_permitted(f"ram:{operation}"):
                world.person(ALICE).ours(operation, policyName=policy, body=body)


class TestDryRun:
    """CreatePolicy and CreatePolicyVersion with `DryRun`, which the vendor does not have: advice, and nothing is made."""

    def test_advice_is_given_and_nothing_made(self, root: Cloud) -> None:
        misspelt = ram.document(ram.statement("Allow", "ram:GetUsr"))
        answer = root.rpc("CreatePolicy", PolicyName="what-if-dry", PolicyDocument=misspelt, DryRun="true")
        findings = answer["Findings"]["Finding"]
        assert any("ram:GetUser" in f"{finding.get('Fix', '')}{finding['Message']}" for finding in findings), findings
        assert all(finding["Line"] >= 1 and finding["Column"] >= 1 for finding in findings)
        with refused(404, "EntityNotExist.Policy"):
            root.ram.get_policy(models.GetPolicyRequest(policy_name="what-if-dry", policy_type="Custom"))
        (finding,) = root.rpc("CreatePolicy", PolicyName="what-if-dry", PolicyDocument="{}", DryRun="true")["Findings"]["Finding"]
        assert finding["Severity"] == "error"
