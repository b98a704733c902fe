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


def account(root: Cloud) -> str:
    """The account's id."""
    return root.sts.get_caller_identity().body.account_id


def trust(*principals: str, condition: dict[str, object] | None = None) -> str:
    """A trust policy that names these RAM principals."""
    statement: dict[str, object] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": list(principals)}}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "1", "Statement": [statement]})


def create(root: Cloud, name: str, document: str, **fields: object) -> models.CreateRoleResponseBodyRole:
    """Creates a role."""
    request = models.CreateRoleRequest(role_name=name, assume_role_policy_document=document, **fields)
    return root.ram.create_role(request).body.role


def attach(root: Cloud, policy: str, role: str, kind: str = "System") -> None:
    """Attaches a policy to a role."""
    root.ram.attach_policy_to_role(models.AttachPolicyToRoleRequest(policy_type=kind, policy_name=policy, role_name=role))


def detach(root: Cloud, policy: str, role: str, kind: str = "System") -> None:
    """Detaches a policy from a role."""
    root.ram.detach_policy_from_role(models.DetachPolicyFromRoleRequest(policy_type=kind, policy_name=policy, role_name=role))


def take(cloud: Cloud, arn: str, session: str = "night-shift", **fields: object) -> Cloud:
    """Takes a role and gives the clients of the session."""
    request = sts.AssumeRoleRequest(role_arn=arn, role_session_name=session, **fields)
    credentials = cloud.sts.assume_role(request).body.credentials
    LEDGER.secret(f"session {session}", credentials.access_key_secret)
    LEDGER.secret(f"token {session}", credentials.security_token)
    return Cloud(cloud.control, credentials.access_key_id, credentials.access_key_secret, credentials.security_token)


@pytest.fixture(scope="module")
def taker(world: World) -> Cloud:
    """A user who may take roles."""
    cloud = world.hire("roles-taker")
    ram.attach(world.root, TAKE, "roles-taker", "System")
    return cloud


class TestRoles:
    """CreateRole, GetRole, UpdateRole, ListRoles, DeleteRole."""

    def test_a_role_is_created_read_changed_and_deleted(self, root: Cloud) -> None:
        owner = account(root)
        document = trust(f"acs:ram::{owner}:root")
        created = create(root, "Roles.One", document, description="研发 one", max_session_duration=7200)
        assert (created.role_name, created.description, created.max_session_duration) == ("Roles.One", "研发 one", 7200)
        assert created.arn == f"acs:ram::{owner}:role/roles.one", "the real service writes names in small letters in ARNs"
        assert created.assume_role_policy_document == document
        read = root.ram.get_role(models.GetRoleRequest(role_name="ROLES.one")).body.role
        assert (read.role_id, read.role_name, read.arn) == (created.role_id, "Roles.One", created.arn)
        assert read.update_date == read.create_date == created.create_date
        narrower = trust(f"acs:ram::{owner}:root", condition={"Bool": {"acs:MFAPresent": "true"}})
        changed = root.ram.update_role(models.UpdateRoleRequest(
            role_name="Roles.One", new_description="", new_assume_role_policy_document=narrower, new_max_session_duration=3600,
        )).body.role
        assert (changed.description or "", changed.max_session_duration, changed.assume_role_policy_document) == ("", 3600, narrower)
        listed = {role.role_name: role for role in root.ram.list_roles(models.ListRolesRequest()).body.roles.role}
        assert listed["Roles.One"].role_id == created.role_id
        with refused(409, "EntityAlreadyExists.Role"):
            create(root, "roles.ONE", document)
        root.ram.delete_role(models.DeleteRoleRequest(role_name="roles.one"))
        with refused(404, "EntityNotExist.Role") as refusal:
            root.ram.get_role(models.GetRoleRequest(role_name="Roles.One"))
        assert refusal.message == "The role does not exist."

    def test_documented_errors(self, root: Cloud) -> None:
        owner = account(root)
        document = trust(f"acs:ram::{owner}:root")
        for name, code in (("", "Length"), ("x" * 65, "Length"), ("a_b", "InvalidChars")):
            with refused(400, f"InvalidParameter.RoleName.{code}"):
                create(root, name, document)
        for wrong in (
            "{}", "[]", "no json", json.dumps({"Version": "1", "Statement": []}), ram.document(ram.statement("Allow", "sts:AssumeRole")),
            trust(f"acs:ram::{owner}:user/nobody-there"), trust("acs:ram::1000000000000000:root"), trust("somebody"),
        ):
            with refused(400, "MalformedPolicyDocument"):
                create(root, "roles-wrong", wrong)
        with refused(400, "InvalidParameter.AssumeRolePolicyDocument.Length"):
            create(root, "roles-wrong", " " * 4097)
        with refused(400, "InvalidParameter.MaxSessionDuration"):
            create(root, "roles-wrong", document, max_session_duration=3599)
        create(root, "roles-errors", document)
        with refused(400, "InvalidParameter.NewAssumeRolePolicyDocument.Length"):
            root.ram.update_role(models.UpdateRoleRequest(role_name="roles-errors", new_assume_role_policy_document=" " * 4097))
        with refused(400, "MalformedPolicyDocument"):
            root.ram.update_role(models.UpdateRoleRequest(role_name="roles-errors", new_assume_role_policy_document="{}"))
        attach(root, READ, "roles-errors")
        with refused(409, "EntityAlreadyExists.Role.Policy"):
            attach(root, READ, "roles-errors")
        with refused(409, "DeleteConflict.Role.Policy") as refusal:
            root.ram.delete_role(models.DeleteRoleRequest(role_name="roles-errors"))
        assert refusal.message == "The role CAN NOT has any attached policy while deleting the role."
        detach(root, READ, "roles-errors")
        with refused(404, "EntityNotExist.Role.Policy"):
            detach(root, READ, "roles-errors")
        with refused(404, "EntityNotExist.Role"):
            attach(root, READ, "roles-absent")
        with refused(404, "EntityNotExist.Policy"):
            attach(root, "roles-absent", "roles-errors", "Custom")

    def test_attachments_show_from_both_sides(self, root: Cloud) -> None:
        attach(root, READ, "roles-errors")
        listed = root.ram.list_policies_for_role(models.ListPoliciesForRoleRequest(role_name="roles-errors")).body.policies.policy
        assert [(policy.policy_name, policy.policy_type) for policy in listed] == [(READ, "System")]
        entities = root.ram.list_entities_for_policy(models.ListEntitiesForPolicyRequest(policy_type="System", policy_name=READ)).body
        assert "roles-errors" in {role.role_name for role in entities.roles.role}
        detach(root, READ, "roles-errors")


class TestSessions:
    """AssumeRole and what a session may do, for how long."""

    @pytest.fixture(scope="class")
    def arn(self, world: World) -> str:
        """A role that reads RAM and trusts its whole account."""
        root = world.root
        role = create(root, "roles-reader", trust(f"acs:ram::{account(root)}:root"))
        attach(root, READ, "roles-reader")
        return role.arn

    def test_a_session_acts_as_the_role(self, root: Cloud, taker: Cloud, arn: str) -> None:
        answer = taker.sts.assume_role(sts.AssumeRoleRequest(role_arn=arn, role_session_name="alice@work")).body
        role = root.ram.get_role(models.GetRoleRequest(role_name="roles-reader")).body.role
        assert answer.assumed_role_user.arn == f"{arn}/alice@work"
        assert answer.assumed_role_user.assumed_role_id == f"{role.role_id}:alice@work"
        assert answer.credentials.access_key_id.startswith("STS.")
        session = take(taker, arn)
        me = session.sts.get_caller_identity().body
        assert (me.identity_type, me.arn, me.role_id) == ("AssumedRoleUser", f"{arn}/night-shift", role.role_id)
        assert session.ram.get_user(models.GetUserRequest(user_name="roles-taker")).body.user.user_name == "roles-taker"
        with not_permitted("ram:CreateUser") as refusal:
            session.ram.create_user(models.CreateUserRequest(user_name="roles-never"))
        assert refusal.detail["AuthPrincipalType"] == "AssumedRoleUser"
        assert refusal.detail["AuthPrincipalDisplayName"] == "roles-reader:night-shift"
        with refused(400, "MissingParameter.UserName"):
            session.ram.list_access_keys(models.ListAccessKeysRequest())

    def test_both_sides_must_allow(self, world: World, root: Cloud, taker: Cloud, arn: str) -> None:
        stranger = world.hire("roles-stranger")
        with refused(403, "NoPermission") as refusal:
            take(stranger, arn)
        assert refusal.message == STS_REFUSES
        assert refusal.detail["PolicyType"] == "AccountLevelIdentityBasedPolicy"
        only = create(root, "roles-only", trust(f"acs:ram::{account(root)}:user/ROLES-stranger"))
        with refused(403, "NoPermission") as refusal:
            take(taker, only.arn)
        assert (refusal.message, refusal.detail["PolicyType"]) == (STS_REFUSES, "AssumeRolePolicy")
        ram.attach(root, TAKE, "roles-stranger", "System")
        take(stranger, only.arn)
        with refused(403, "NoPermission") as refusal:
            take(root, arn)
        assert refusal.message == STS_REFUSES, "the account's owner takes no role"

    def test_parameters(self, taker: Cloud, arn: str) -> None:
        for fields, code in (
            ({"role_arn": "roles-reader"}, "InvalidParameter.RoleArn"),
            ({"role_session_name": "x"}, "InvalidParameter.RoleSessionName.Length"),
            ({"role_session_name": "a b"}, "InvalidParameter.RoleSessionName.InvalidChars"),
            ({"duration_seconds": 899}, "InvalidParameter.DurationSeconds"),
            ({"duration_seconds": 3601}, "InvalidParameter.DurationSeconds"),
            ({"policy": "{}"}, "InvalidParameter.PolicyGrammar"),
            ({"policy": " " * 2049}, "InvalidParameter.PolicySize"),
        ):
            with refused(400, code):
                taker.sts.assume_role(sts.AssumeRoleRequest(**({"role_arn": arn, "role_session_name": "night-shift"} | fields)))
        with refused(404, "EntityNotExist.Role"):
            take(taker, arn.replace("roles-reader", "roles-absent"))

    def test_a_session_policy_narrows_and_never_widens(self, taker: Cloud, arn: str) -> None:
        lists = take(taker, arn, "narrow-one", policy=ram.document(ram.statement("Allow", "ram:ListUsers")))
        assert lists.ram.list_users(models.ListUsersRequest()).body.users.user
        with not_permitted("ram:GetUser") as refusal:
            lists.ram.get_user(models.GetUserRequest(user_name="roles-taker"))
        assert refusal.detail["PolicyType"] == "SessionPolicy"
        wide = take(taker, arn, "wide-one", policy=ram.document(ram.statement("Allow", "*")))
        with not_permitted("ram:CreateUser"):
            wide.ram.create_user(models.CreateUserRequest(user_name="roles-never"))

    def test_an_external_id_is_asked_for(self, root: Cloud, taker: Cloud) -> None:
        role = create(root, "roles-external", trust(f"acs:ram::{account(root)}:root", condition={"StringEquals": {"sts:ExternalId": "partner-7"}}))
        for fields in ({}, {"external_id": "partner-8"}):
            with refused(403, "NoPermission"):
                take(taker, role.arn, "external", **fields)
        take(taker, role.arn, "external", external_id="partner-7").sts.get_caller_identity()

    def test_tokens_belong_to_their_keys(self, taker: Cloud, arn: str) -> None:
        one, other = take(taker, arn, "one-of-two"), take(taker, arn, "two-of-two")
        swapped = Cloud(one.control, one.access_key_id, one.access_key_secret, other.security_token)
        with refused(400, "InvalidSecurityToken.MismatchWithAccessKey"):
            swapped.sts.get_caller_identity()
        for token in (one.security_token[:-1], one.security_token + "A", "A" + one.security_token[1:], "nothing"):
            with refused(400, "InvalidSecurityToken.Malformed"):
                Cloud(one.control, one.access_key_id, one.access_key_secret, token).sts.get_caller_identity()
        with refused(400, "MissingSecurityToken"):
            Cloud(one.control, one.access_key_id, one.access_key_secret).sts.get_caller_identity()
        with refused(400, "SignatureDoesNotMatch"):
            Cloud(one.control, one.access_key_id, other.access_key_secret, one.security_token).sts.get_caller_identity()

    @pytest.mark.parametrize("how", ["detach", "trust", "key", "user", "role"])
    def test_a_session_ends_with_what_it_stands_on(self, world: World, root: Cloud, how: str) -> None:
        """Each switch, then at once the refusal: nothing has to expire."""
        name = f"roles-{how}-taker"
        person = world.hire(name)
        ram.attach(root, TAKE, name, "System")
        role = create(root, f"roles-ends-{how}", trust(f"acs:ram::{account(root)}:root"))
        session = take(person, role.arn, f"ends-{how}")
        session.sts.get_caller_identity()
        match how:
            case "detach":
                ram.detach(root, TAKE, name, "System")
            case "trust":
                root.ram.update_role(models.UpdateRoleRequest(
                    role_name=role.role_name, new_assume_role_policy_document=trust(f"acs:ram::{account(root)}:user/roles-taker"),
                ))
            case "key":
                root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=person.access_key_id))
            case "user":
                ram.detach(root, TAKE, name, "System")
                root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=name, user_access_key_id=person.access_key_id))
                root.ram.delete_user(models.DeleteUserRequest(user_name=name))
            case "role":
                root.ram.delete_role(models.DeleteRoleRequest(role_name=role.role_name))
                create(root, role.role_name, trust(f"acs:ram::{account(root)}:root"))
        with refused(400, "InvalidSecurityToken.Expired"):
            session.sts.get_caller_identity()


class TestDiagnostics:
    """DecodeDiagnosticMessage says in full what the refusal did not."""

    def test_an_implicit_deny_names_the_smallest_change(self, world: World, root: Cloud) -> None:
        user = world.hire("roles-refused")
        with not_permitted("ram:GetUser") as refusal:
            user.ram.get_user(models.GetUserRequest(user_name="roles-taker"))
        message = refusal.detail["EncodedDiagnosticMessage"]
        told = root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=message)).body.decoded_diagnostic_message
        assert (told.explicit_deny, told.auth_action) == (False, "ram:GetUser")
        assert told.auth_resource == f"acs:ram:*:{account(root)}:user/roles-taker"
        assert told.no_permission_policy_type == "AccountLevelIdentityBasedPolicy"
        assert told.auth_principal.auth_principal_type == "SubUser"
        assert told.auth_principal.auth_principal_owner_id == account(root)
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
        for wrong in (message[:-4], "nothing", message[:40] + "A" + message[41:]):
            with refused(400, "InvalidParameter.EncodedDiagnosticMessage"):
                root.ram.decode_diagnostic_message(models.DecodeDiagnosticMessageRequest(encoded_diagnostic_message=wrong))


class TestGuards:
    """Permission boundaries and control policies, which the real service does not have in one account."""

    def test_a_boundary_caps_the_sessions_of_a_role(self, root: Cloud, taker: Cloud) -> None:
        owner = account(root)
        role = create(root, "guards-bounded", trust(f"acs:ram::{owner}:root"))
        attach(root, READ, "guards-bounded")
        session = take(taker, role.arn)
        session.ram.list_groups(models.ListGroupsRequest())
        of_role = {"type": "role", "name": "guards-bounded"}
        root.ours("PutPermissionBoundary", body={"policyType": "System", "policyName": TAKE}, **of_role)
        with refused(403, "NoPermission") as refusal:
            session.ram.list_groups(models.ListGroupsRequest())
        assert refusal.detail["PolicyType"] == "PermissionBoundary"
        assert root.ours("GetPermissionBoundary", **of_role)["boundary"]["policyName"] == TAKE
        root.ours("DeletePermissionBoundary", **of_role)
        session.ram.list_groups(models.ListGroupsRequest())
        detach(root, READ, "guards-bounded")
        root.ram.delete_role(models.DeleteRoleRequest(role_name="guards-bounded"))

    def test_a_control_policy_binds_sessions_and_not_root(self, root: Cloud, taker: Cloud) -> None:
        owner = account(root)
        role = create(root, "guards-controlled", trust(f"acs:ram::{owner}:root"))
        attach(root, READ, "guards-controlled")
        session = take(taker, role.arn)
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
        detach(root, READ, "guards-controlled")
        root.ram.delete_role(models.DeleteRoleRequest(role_name="guards-controlled"))
