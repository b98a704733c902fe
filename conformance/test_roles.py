"""RAM roles and STS sessions through the official SDKs: both sides must allow, sessions narrow and end, refusals explain themselves."""

import json

import pytest
from alibabacloud_ram20150501 import models
from alibabacloud_sts20150401 import models as sts

from support import ram
from support.cloud import Cloud
from support.ledger import LEDGER
from support.refusals import not_permitted, refused
from support.world import World

READ = "AliyunRAMReadOnlyAccess"
TAKE = "AliyunSTSAssumeRoleAccess"
STS_REFUSES = "You are not authorized to do this action. You should be authorized by RAM."


@pytest.fixture(scope="module")
def taker(world: World) -> Cloud:
    """A user who may take roles."""
    cloud = world.hire("roles-taker")
    ram.attach(world.root, TAKE, "roles-taker", "System")
    return cloud


class TestRoles:
    """CreateRole, GetRole, UpdateRole, ListRoles, DeleteRole."""

    def test_a_role_is_created_read_changed_and_deleted(self, root: Cloud, account: str) -> None:
        document = ram.trust(f"acs:ram::{account}:root")
        created = ram.create_role(root, "Roles.One", document, description="研发 one", max_session_duration=7200)
        assert (created.role_name, created.description, created.max_session_duration) == ("Roles.One", "研发 one", 7200)
        assert created.arn == f"acs:ram::{account}:role/roles.one", "the real service writes names in small letters in ARNs"
        assert created.assume_role_policy_document == document
        read = root.ram.get_role(models.GetRoleRequest(role_name="ROLES.one")).body.role
        assert (read.role_id, read.role_name, read.arn) == (created.role_id, "Roles.One", created.arn)
        assert read.update_date == read.create_date == created.create_date
        narrower = ram.trust(f"acs:ram::{account}:root", condition={"Bool": {"acs:MFAPresent": "true"}})
        changed = root.ram.update_role(models.UpdateRoleRequest(
            role_name="Roles.One", new_description="", new_assume_role_policy_document=narrower, new_max_session_duration=3600,
        )).body.role
        assert (changed.description or "", changed.max_session_duration, changed.assume_role_policy_document) == ("", 3600, narrower)
        listed = {role.role_name: role for role in root.ram.list_roles(models.ListRolesRequest()).body.roles.role}
        assert listed["Roles.One"].role_id == created.role_id
        with refused(409, "EntityAlreadyExists.Role"):
            ram.create_role(root, "roles.ONE", document)
        root.ram.delete_role(models.DeleteRoleRequest(role_name="roles.one"))
        with refused(404, "EntityNotExist.Role") as refusal:
            root.ram.get_role(models.GetRoleRequest(role_name="Roles.One"))
        assert refusal.message == "The role does not exist."

    def test_lists_come_in_pages(self, root: Cloud, account: str) -> None:
        for number in range(3):
            ram.create_role(root, f"roles-page-{number}", ram.trust(f"acs:ram::{account}:root"))
        page = lambda marker: root.ram.list_roles(models.ListRolesRequest(max_items=2, marker=marker)).body
        names = ram.paged(page, lambda body: [role.role_name for role in body.roles.role], 2)
        assert [name for name in names if name.startswith("roles-page-")] == [f"roles-page-{number}" for number in range(3)]

    def test_documented_errors(self, root: Cloud, account: str) -> None:
        document = ram.trust(f"acs:ram::{account}:root")
        for name, code in (("", "Length"), ("x" * 65, "Length"), ("a_b", "InvalidChars")):
            with refused(400, f"InvalidParameter.RoleName.{code}"):
                ram.create_role(root, name, document)
        for wrong in (
            "{}", "[]", "no json", json.dumps({"Version": "1", "Statement": []}), ram.document(ram.statement("Allow", "sts:AssumeRole")),
            ram.trust(f"acs:ram::{account}:user/nobody-there"), ram.trust("acs:ram::1000000000000000:root"), ram.trust("somebody"),
        ):
            with refused(400, "MalformedPolicyDocument"):
                ram.create_role(root, "roles-wrong", wrong)
        with refused(400, "InvalidParameter.AssumeRolePolicyDocument.Length"):
            ram.create_role(root, "roles-wrong", " " * 4097)
        with refused(400, "InvalidParameter.MaxSessionDuration"):
            ram.create_role(root, "roles-wrong", document, max_session_duration=3599)
        ram.create_role(root, "roles-errors", document)
        with refused(400, "InvalidParameter.NewAssumeRolePolicyDocument.Length"):
            root.ram.update_role(models.UpdateRoleRequest(role_name="roles-errors", new_assume_role_policy_document=" " * 4097))
        with refused(400, "MalformedPolicyDocument"):
            root.ram.update_role(models.UpdateRoleRequest(role_name="roles-errors", new_assume_role_policy_document="{}"))
        ram.attach_to_role(root, READ, "roles-errors", "System")
        with refused(409, "EntityAlreadyExists.Role.Policy"):
            ram.attach_to_role(root, READ, "roles-errors", "System")
        with refused(409, "DeleteConflict.Role.Policy") as refusal:
            root.ram.delete_role(models.DeleteRoleRequest(role_name="roles-errors"))
        assert refusal.message == "The role CAN NOT has any attached policy while deleting the role."
        ram.detach_from_role(root, READ, "roles-errors", "System")
        with refused(404, "EntityNotExist.Role.Policy"):
            ram.detach_from_role(root, READ, "roles-errors", "System")
        with refused(404, "EntityNotExist.Role"):
            ram.attach_to_role(root, READ, "roles-absent", "System")
        with refused(404, "EntityNotExist.Policy"):
            ram.attach_to_role(root, "roles-absent", "roles-errors")

    def test_attachments_show_from_both_sides(self, root: Cloud) -> None:
        ram.attach_to_role(root, READ, "roles-errors", "System")
        listed = root.ram.list_policies_for_role(models.ListPoliciesForRoleRequest(role_name="roles-errors")).body.policies.policy
        assert [(policy.policy_name, policy.policy_type) for policy in listed] == [(READ, "System")]
        entities = root.ram.list_entities_for_policy(models.ListEntitiesForPolicyRequest(policy_type="System", policy_name=READ)).body
        assert "roles-errors" in {role.role_name for role in entities.roles.role}
        ram.detach_from_role(root, READ, "roles-errors", "System")


class TestSessions:
    """AssumeRole and what a session may do, for how long."""

    @pytest.fixture(scope="class")
    def arn(self, world: World, account: str) -> str:
        """A role that reads RAM and trusts its whole account."""
        root = world.root
        role = ram.create_role(root, "roles-reader", ram.trust(f"acs:ram::{account}:root"))
        ram.attach_to_role(root, READ, "roles-reader", "System")
        return role.arn

    def test_a_session_acts_as_the_role(self, root: Cloud, taker: Cloud, arn: str) -> None:
        answer = taker.sts.assume_role(sts.AssumeRoleRequest(role_arn=arn, role_session_name="alice@work")).body
        LEDGER.session("alice@work", answer.credentials.access_key_secret, answer.credentials.security_token)
        role = root.ram.get_role(models.GetRoleRequest(role_name="roles-reader")).body.role
        assert answer.assumed_role_user.arn == f"{arn}/alice@work"
        assert answer.assumed_role_user.assumed_role_id == f"{role.role_id}:alice@work"
        assert answer.credentials.access_key_id.startswith("STS.")
        session = ram.take(taker, arn)
        me = session.sts.get_caller_identity().body
        assert (me.identity_type, me.arn, me.role_id) == ("AssumedRoleUser", f"{arn}/night-shift", role.role_id)
        assert session.ram.get_user(models.GetUserRequest(user_name="roles-taker")).body.user.user_name == "roles-taker"
        with not_permitted("ram:CreateUser") as refusal:
            session.ram.create_user(models.CreateUserRequest(user_name="roles-never"))
        assert refusal.detail["AuthPrincipalType"] == "AssumedRoleUser"
        assert refusal.detail["AuthPrincipalDisplayName"] == "roles-reader:night-shift"
        with refused(400, "MissingParameter.UserName"):
            session.ram.list_access_keys(models.ListAccessKeysRequest())

    def test_both_sides_must_allow(self, world: World, root: Cloud, taker: Cloud, arn: str, account: str) -> None:
        stranger = world.hire("roles-stranger")
        with refused(403, "NoPermission") as refusal:
            ram.take(stranger, arn)
        assert refusal.message == STS_REFUSES
        assert refusal.detail["PolicyType"] == "AccountLevelIdentityBasedPolicy"
        only = ram.create_role(root, "roles-only", ram.trust(f"acs:ram::{account}:user/ROLES-stranger"))
        with refused(403, "NoPermission") as refusal:
            ram.take(taker, only.arn)
        assert (refusal.message, refusal.detail["PolicyType"]) == (STS_REFUSES, "AssumeRolePolicy")
        ram.attach(root, TAKE, "roles-stranger", "System")
        ram.take(stranger, only.arn)
        with refused(403, "NoPermission") as refusal:
            ram.take(root, arn)
        assert refusal.message == STS_REFUSES, "the account's owner takes no role"

    def test_parameters(self, taker: Cloud, arn: str) -> None:
        for fields, code in (
            ({"role_arn": "roles-reader"}, "InvalidParameter.RoleArn"),
            ({"role_session_name": "x"}, "InvalidParameter.RoleSessionName"),
            ({"role_session_name": "a b"}, "InvalidParameter.RoleSessionName"),
            ({"role_arn": None}, "MissingParameter.RoleArn"),
            ({"duration_seconds": 899}, "InvalidParameter.DurationSeconds"),
            ({"duration_seconds": 3601}, "InvalidParameter.DurationSeconds"),
            ({"policy": "{}"}, "InvalidParameter.PolicyGrammar"),
            ({"policy": " " * 2049}, "InvalidParameter.PolicySize"),
        ):
            with refused(400, code):
                taker.sts.assume_role(sts.AssumeRoleRequest(**({"role_arn": arn, "role_session_name": "night-shift"} | fields)))
        with refused(404, "EntityNotExist.Role"):
            ram.take(taker, arn.replace("roles-reader", "roles-absent"))

    @pytest.mark.parametrize(("longest", "told"), [(3600, "1hr"), (5400, "90min"), (43200, "12hr")])
    def test_a_session_lasts_as_long_as_its_role_lets_it(self, root: Cloud, taker: Cloud, account: str, longest: int, told: str) -> None:
        role = ram.create_role(root, f"roles-lasts-{longest}", ram.trust(f"acs:ram::{account}:root"), max_session_duration=longest)
        ram.take(taker, role.arn, duration_seconds=longest)
        with refused(400, "InvalidParameter.DurationSeconds") as refusal:
            ram.take(taker, role.arn, duration_seconds=longest + 1)
        assert refusal.message.startswith(f"The Min/Max value of DurationSeconds is 15min/{told}. ")

    def test_a_session_policy_narrows_and_never_widens(self, taker: Cloud, arn: str) -> None:
        lists = ram.take(taker, arn, "narrow-one", policy=ram.document(ram.statement("Allow", "ram:ListUsers")))
        assert lists.ram.list_users(models.ListUsersRequest()).body.users.user
        with not_permitted("ram:GetUser") as refusal:
            lists.ram.get_user(models.GetUserRequest(user_name="roles-taker"))
        assert refusal.detail["PolicyType"] == "SessionPolicy"
        wide = ram.take(taker, arn, "wide-one", policy=ram.document(ram.statement("Allow", "*")))
        with not_permitted("ram:CreateUser"):
            wide.ram.create_user(models.CreateUserRequest(user_name="roles-never"))

    def test_an_external_id_is_asked_for(self, root: Cloud, taker: Cloud, account: str) -> None:
        role = ram.create_role(root, "roles-external", ram.trust(f"acs:ram::{account}:root", condition={"StringEquals": {"sts:ExternalId": "partner-7"}}))
        for fields in ({}, {"external_id": "partner-8"}):
            with refused(403, "NoPermission"):
                ram.take(taker, role.arn, "external", **fields)
        ram.take(taker, role.arn, "external", external_id="partner-7").sts.get_caller_identity()

    def test_tokens_belong_to_their_keys(self, taker: Cloud, arn: str) -> None:
        one, other = ram.take(taker, arn, "one-of-two"), ram.take(taker, arn, "two-of-two")
        swapped = Cloud(one.control, one.access_key_id, one.access_key_secret, other.security_token)
        with refused(400, "InvalidSecurityToken.MismatchWithAccessKey"):
            swapped.sts.get_caller_identity()
        token = one.security_token
        changed = ("B" if token[0] == "A" else "A") + token[1:]
        for token in (token[:-1], token + "A", changed, "nothing"):
            with refused(400, "InvalidSecurityToken.Malformed"):
                Cloud(one.control, one.access_key_id, one.access_key_secret, token).sts.get_caller_identity()
        with refused(400, "MissingSecurityToken"):
            Cloud(one.control, one.access_key_id, one.access_key_secret).sts.get_caller_identity()
        with refused(400, "SignatureDoesNotMatch"):
            Cloud(one.control, one.access_key_id, other.access_key_secret, one.security_token).sts.get_caller_identity()

    @pytest.mark.parametrize("how", ["detach", "trust", "key", "user", "role"])
    def test_a_session_ends_with_what_it_stands_on(self, world: World, root: Cloud, how: str, account: str) -> None:
        """Each switch, then at once the refusal: nothing has to expire."""
        name = f"roles-{how}-taker"
        person = world.hire(name)
        ram.attach(root, TAKE, name, "System")
        role = ram.create_role(root, f"roles-ends-{how}", ram.trust(f"acs:ram::{account}:root"))
        session = ram.take(person, role.arn, f"ends-{how}")
        session.sts.get_caller_identity()
        match how:
            case "detach":
                ram.detach(root, TAKE, name, "System")
            case "trust":
                root.ram.update_role(models.UpdateRoleRequest(
                    role_name=role.role_name, new_assume_role_policy_document=ram.trust(f"acs:ram::{account}:user/roles-taker"),
                ))
            case "key":
                root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=person.access_key_id))
            case "user":
                ram.detach(root, TAKE, name, "System")
                root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=person.access_key_id))
                root.ram.delete_user(models.DeleteUserRequest(user_name=name))
            case "role":
                root.ram.delete_role(models.DeleteRoleRequest(role_name=role.role_name))
                ram.create_role(root, role.role_name, ram.trust(f"acs:ram::{account}:root"))
        with refused(400, "InvalidSecurityToken.Expired"):
            session.sts.get_caller_identity()


class TestDiagnostics:
    """DecodeDiagnosticMessage says in full what the refusal did not."""

    def test_an_implicit_deny_names_the_smallest_change(self, world: World, root: Cloud, account: str) -> None:
        user = world.hire("roles-refused")
        with not_permitted("ram:GetUser") as refusal:
            user.ram.get_user(models.GetUserRequest(user_name="roles-taker"))
        message = refusal.detail["EncodedDiagnosticMessage"]
        told = root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=message)).body.decoded_diagnostic_message
        assert (told.explicit_deny, told.auth_action) == (False, "ram:GetUser")
        assert told.auth_resource == f"acs:ram:*:{account}:user/roles-taker"
        assert told.no_permission_policy_type == "AccountLevelIdentityBasedPolicy"
        assert told.auth_principal.auth_principal_type == "SubUser"
        assert told.auth_principal.auth_principal_owner_id == account
        assert told.matched_policies == []
        with not_permitted("ram:DecodeDiagnosticMessage"):
            user.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=message))
        decision = root.ours("GetDecision", requestId=refusal.request_id)["decision"]
        (failed,) = [link for link in decision["chain"] if link["result"] == "fail" and link["check"] == "policy"]
        assert '"Action":"ram:GetUser"' in failed["fix"], failed

    def test_an_explicit_deny_names_its_policy(self, world: World, root: Cloud) -> None:
        user = world.hire("roles-denied")
        condition = {"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}}
        ram.create_policy(root, "roles-denies", ram.statement("Deny", "ram:Get*") | {"Condition": condition})
        ram.create_group(root, "roles-denied-ones")
        ram.attach_to_group(root, "roles-denies", "roles-denied-ones")
        ram.join(root, "roles-denied", "roles-denied-ones")
        ram.attach(root, READ, "roles-denied", "System")
        with not_permitted("ram:GetUser", "ExplicitDeny") as refusal:
            user.ram.get_user(models.GetUserRequest(user_name="roles-taker"))
        message = refusal.detail["EncodedDiagnosticMessage"]
        told = root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=message)).body.decoded_diagnostic_message
        assert told.explicit_deny is True
        matched = {policy.policy_identifier: policy for policy in told.matched_policies}
        assert (matched["roles-denies"].effect, matched["roles-denies"].attached_entity_type, matched["roles-denies"].policy_version) == ("Deny", "Group", "v1")
        assert (matched[READ].effect, matched[READ].attached_entity_type) == ("Allow", "User")
        assert [(one.condition_key, one.condition_values) for one in told.auth_conditions] == [("acs:SourceIp", ["127.0.0.1"])]
        other = "B" if message[40] == "A" else "A"
        for wrong in (message[:-4], "nothing", message[:40] + other + message[41:]):
            with refused(400, "InvalidParameter.EncodedDiagnosticMessage"):
                root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=wrong))


class TestGuards:
    """Permission boundaries and control policies, which the real service does not have in one account."""

    def test_a_boundary_caps_the_sessions_of_a_role(self, root: Cloud, taker: Cloud, account: str) -> None:
        role = ram.create_role(root, "guards-bounded", ram.trust(f"acs:ram::{account}:root"))
        ram.attach_to_role(root, READ, "guards-bounded", "System")
        session = ram.take(taker, role.arn)
        session.ram.list_groups(models.ListGroupsRequest())
        of_role = {"type": "role", "name": "guards-bounded"}
        root.ours("PutPermissionBoundary", body={"policyType": "System", "policyName": TAKE}, **of_role)
        with refused(403, "NoPermission") as refusal:
            session.ram.list_groups(models.ListGroupsRequest())
        assert refusal.detail["PolicyType"] == "PermissionBoundary"
        assert root.ours("GetPermissionBoundary", **of_role)["boundary"]["policyName"] == TAKE
        root.ours("DeletePermissionBoundary", **of_role)
        session.ram.list_groups(models.ListGroupsRequest())
        ram.detach_from_role(root, READ, "guards-bounded", "System")
        root.ram.delete_role(models.DeleteRoleRequest(role_name="guards-bounded"))

    def test_a_control_policy_binds_sessions_and_not_root(self, root: Cloud, taker: Cloud, account: str) -> None:
        role = ram.create_role(root, "guards-controlled", ram.trust(f"acs:ram::{account}:root"))
        ram.attach_to_role(root, READ, "guards-controlled", "System")
        session = ram.take(taker, role.arn)
        root.ours("AttachControlPolicy", policyName=TAKE, body={"policyType": "System"})
        try:
            with refused(403, "NoPermission") as refusal:
                session.ram.list_groups(models.ListGroupsRequest())
            assert refusal.detail["PolicyType"] == "ControlPolicy"
            root.ram.list_groups(models.ListGroupsRequest())
        finally:
            root.ours("DetachControlPolicy", policyName=TAKE, policyType="System")
        assert root.ours("ListControlPolicies")["controlPolicies"] == []
        session.ram.list_groups(models.ListGroupsRequest())
        ram.detach_from_role(root, READ, "guards-controlled", "System")
        root.ram.delete_role(models.DeleteRoleRequest(role_name="guards-controlled"))
