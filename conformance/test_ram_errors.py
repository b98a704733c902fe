"""Every error that RAM documents for users, access keys, policies, versions and attachments, by status, code and sentence."""

import pytest
from alibabacloud_ram20150501 import models

from support import ram
from support.cloud import Cloud
from support.documented import Call, Named, begins, delete_policy, delete_user, literally, malformed, named
from support.ram import FORMAT, INVALID, TOO_LONG
from support.refusals import refused
from support.world import World

USER, OTHER, NONE = "errors-user", "errors-other", "errors-none"
ROLE = "errors-role"
POLICY, LOOSE = "errors-policy", "errors-loose"
DOCUMENT = ram.document(ram.statement("Allow", "sfm:ListIndex"))
TRUST = ram.trust("ecs.aliyuncs.com", kind="Service")
KEY = "LTAIAAAAAAAAAAAAAAAAAAAA"

NO_USER = (404, "EntityNotExist.User", "The user does not exist.")
NO_POLICY = (404, "EntityNotExist.Policy", "The policy does not exist.")
NO_VERSION = (404, "EntityNotExist.Policy.Version", "The policy version does not exist.")
NO_KEY = (404, "EntityNotExist.User.AccessKey", "The user access key does not exist.")
NO_ROLE = (404, "EntityNotExist.Role", "The role does not exist.")

@pytest.fixture(scope="module", autouse=True)
def cast(world: World) -> None:
    """A user with a key and a policy, a role with the policy, and what has none of them."""
    root = world.root
    world.hire(USER)
    ram.create_user(root, OTHER)
    for policy in (POLICY, LOOSE):
        ram.create_policy(root, policy, ram.statement("Allow", "sfm:ListIndex"))
    ram.attach(root, POLICY, USER)
    ram.create_role(root, ROLE, TRUST)


def create_user(root: Cloud, user: str, **fields: str) -> None:
    """CreateUser."""
    root.ram.create_user(models.CreateUserRequest(user_name=user, **fields))


def update_user(root: Cloud, user: str, **fields: str) -> None:
    """UpdateUser."""
    root.ram.update_user(models.UpdateUserRequest(user_name=user, **fields))


def update_key(root: Cloud, user: str) -> None:
    """UpdateAccessKey of a key that nobody has."""
    root.ram.update_access_key(models.UpdateAccessKeyRequest(user_name=user, user_access_key_id=KEY, status="Inactive"))


def delete_key(root: Cloud, user: str) -> None:
    """DeleteAccessKey of a key that nobody has."""
    root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name=user, user_access_key_id=KEY))


def create_policy(root: Cloud, policy: str, document: str = DOCUMENT, description: str | None = None) -> None:
    """CreatePolicy."""
    root.ram.create_policy(models.CreatePolicyRequest(policy_name=policy, policy_document=document, description=description))


def describe(root: Cloud, policy: str, description: str = "changed") -> None:
    """UpdatePolicyDescription."""
    root.ram.update_policy_description(models.UpdatePolicyDescriptionRequest(policy_name=policy, new_description=description))


def add_version(root: Cloud, policy: str, document: str = DOCUMENT) -> None:
    """CreatePolicyVersion."""
    root.ram.create_policy_version(models.CreatePolicyVersionRequest(policy_name=policy, policy_document=document))


def set_default(root: Cloud, policy: str, version: str = "v1") -> None:
    """SetDefaultPolicyVersion."""
    root.ram.set_default_policy_version(models.SetDefaultPolicyVersionRequest(policy_name=policy, version_id=version))


def delete_version(root: Cloud, policy: str, version: str = "v1") -> None:
    """DeletePolicyVersion."""
    root.ram.delete_policy_version(models.DeletePolicyVersionRequest(policy_name=policy, version_id=version))


def get_policy(root: Cloud, policy: str, kind: str = "Custom") -> None:
    """GetPolicy."""
    root.ram.get_policy(models.GetPolicyRequest(policy_name=policy, policy_type=kind))


def versions(root: Cloud, policy: str, kind: str = "Custom") -> None:
    """ListPolicyVersions."""
    root.ram.list_policy_versions(models.ListPolicyVersionsRequest(policy_name=policy, policy_type=kind))


def entities(root: Cloud, policy: str, kind: str = "Custom") -> None:
    """ListEntitiesForPolicy."""
    root.ram.list_entities_for_policy(models.ListEntitiesForPolicyRequest(policy_name=policy, policy_type=kind))


def get_version(root: Cloud, policy: str, kind: str = "Custom", version: str = "v1") -> None:
    """GetPolicyVersion."""
    root.ram.get_policy_version(models.GetPolicyVersionRequest(policy_name=policy, policy_type=kind, version_id=version))


# Calls on a user who has to be there.
ON_USERS: dict[str, Named] = {
    "GetUser": lambda root, user: root.ram.get_user(models.GetUserRequest(user_name=user)),
    "UpdateUser": update_user,
    "DeleteUser": delete_user,
    "CreateAccessKey": lambda root, user: root.ram.create_access_key(models.CreateAccessKeyRequest(user_name=user)),
    "ListAccessKeys": lambda root, user: root.ram.list_access_keys(models.ListAccessKeysRequest(user_name=user)),
    "UpdateAccessKey": update_key,
    "DeleteAccessKey": delete_key,
    "AttachPolicyToUser": lambda root, user: ram.attach(root, POLICY, user),
    "DetachPolicyFromUser": lambda root, user: ram.detach(root, POLICY, user),
    "ListPoliciesForUser": lambda root, user: root.ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name=user)),
}

# Calls on a policy that has to be there.
ON_POLICIES: dict[str, Named] = {
    "GetPolicy": get_policy,
    "UpdatePolicyDescription": describe,
    "DeletePolicy": delete_policy,
    "CreatePolicyVersion": add_version,
    "GetPolicyVersion": get_version,
    "ListPolicyVersions": versions,
    "DeletePolicyVersion": delete_version,
    "SetDefaultPolicyVersion": set_default,
    "AttachPolicyToUser": lambda root, policy: ram.attach(root, policy, USER),
    "DetachPolicyFromUser": lambda root, policy: ram.detach(root, policy, USER),
    "AttachPolicyToRole": lambda root, policy: ram.attach_to_role(root, policy, ROLE),
    "DetachPolicyFromRole": lambda root, policy: ram.detach_from_role(root, policy, ROLE),
    "ListEntitiesForPolicy": entities,
}

# Calls that say of what type the policy is.
TYPED: dict[str, Named] = {
    "GetPolicy": lambda root, kind: get_policy(root, POLICY, kind),
    "GetPolicyVersion": lambda root, kind: get_version(root, POLICY, kind),
    "ListPolicyVersions": lambda root, kind: versions(root, POLICY, kind),
    "ListPolicies": lambda root, kind: root.ram.list_policies(models.ListPoliciesRequest(policy_type=kind)),
    "ListEntitiesForPolicy": lambda root, kind: entities(root, POLICY, kind),
    "AttachPolicyToUser": lambda root, kind: ram.attach(root, POLICY, USER, kind),
    "DetachPolicyFromUser": lambda root, kind: ram.detach(root, POLICY, USER, kind),
    "AttachPolicyToRole": lambda root, kind: ram.attach_to_role(root, POLICY, ROLE, kind),
    "DetachPolicyFromRole": lambda root, kind: ram.detach_from_role(root, POLICY, ROLE, kind),
}

# Calls that name a version.
VERSIONED: dict[str, Named] = {
    "GetPolicyVersion": lambda root, version: get_version(root, POLICY, version=version),
    "SetDefaultPolicyVersion": lambda root, version: set_default(root, POLICY, version),
    "DeletePolicyVersion": lambda root, version: delete_version(root, POLICY, version),
}

ON_ROLES: dict[str, Named] = {
    "GetRole": lambda root, role: root.ram.get_role(models.GetRoleRequest(role_name=role)),
    "UpdateRole": lambda root, role: root.ram.update_role(models.UpdateRoleRequest(role_name=role, new_description="changed")),
    "DeleteRole": lambda root, role: root.ram.delete_role(models.DeleteRoleRequest(role_name=role)),
    "AttachPolicyToRole": lambda root, role: ram.attach_to_role(root, POLICY, role),
    "DetachPolicyFromRole": lambda root, role: ram.detach_from_role(root, POLICY, role),
    "ListPoliciesForRole": lambda root, role: root.ram.list_policies_for_role(models.ListPoliciesForRoleRequest(role_name=role)),
}

# What is wrong with a parameter: its name and fault, and how the sentence begins.
PARAMETERS: list[tuple[str, Call, str, str]] = [
    ("display-name", lambda root: create_user(root, NONE, display_name="a<b"), "DisplayName.InvalidChars", INVALID),
    ("display-name-long", lambda root: create_user(root, NONE, display_name="x" * 129), "DisplayName.Length", TOO_LONG),
    ("comments", lambda root: create_user(root, NONE, comments="x" * 129), "Comments.Length", TOO_LONG),
    ("phone", lambda root: create_user(root, NONE, mobile_phone="12345"), "MobilePhone.Format", FORMAT),
    ("email", lambda root: create_user(root, NONE, email="nobody"), "Email.Format", FORMAT),
    ("new-name", lambda root: update_user(root, USER, new_user_name="a b"), "NewUserName.InvalidChars", INVALID),
    ("new-name-long", lambda root: update_user(root, USER, new_user_name="x" * 65), "NewUserName.Length", TOO_LONG),
    ("new-display-name", lambda root: update_user(root, USER, new_display_name="a<b"), "NewDisplayName.InvalidChars", INVALID),
    ("new-display-name-long", lambda root: update_user(root, USER, new_display_name="x" * 129), "NewDisplayName.Length", TOO_LONG),
    ("new-comments", lambda root: update_user(root, USER, new_comments="x" * 129), "NewComments.Length", TOO_LONG),
    ("new-phone", lambda root: update_user(root, USER, new_mobile_phone="86-"), "NewMobilePhone.Format", FORMAT),
    ("new-email", lambda root: update_user(root, USER, new_email="a@b@c"), "NewEmail.Format", FORMAT),
    ("description", lambda root: create_policy(root, NONE, description="x" * 1025), "Description.Length", TOO_LONG),
    ("new-description", lambda root: describe(root, POLICY, "x" * 1025), "NewDescription.Length", TOO_LONG),
    ("document", lambda root: create_policy(root, NONE, " " * 6145), "PolicyDocument.Length", TOO_LONG),
    ("version-document", lambda root: add_version(root, POLICY, " " * 6145), "PolicyDocument.Length", TOO_LONG),
]

# The rest, with the sentence to the letter.
LITERAL: list[tuple[str, Call, int, str, str]] = [
    ("user-taken", lambda root: create_user(root, USER.upper()), 409, "EntityAlreadyExists.User", "The user does already EXIST."),
    ("user-renamed", lambda root: update_user(root, USER, new_user_name=OTHER), 409, "EntityAlreadyExists.User", "The user does already EXIST."),
    ("user-has-key", lambda root: delete_user(root, USER), 409, "DeleteConflict.User.AccessKey", "The user CAN NOT has any access key while deleting the user."),
    ("update-no-key", lambda root: update_key(root, USER), *NO_KEY),
    ("delete-no-key", lambda root: delete_key(root, USER), *NO_KEY),
    ("policy-taken", lambda root: create_policy(root, POLICY.upper()), 409, "EntityAlreadyExists.Policy", "The policy does already EXIST."),
    ("system-taken", lambda root: create_policy(root, "AdministratorAccess"), 409, "EntityAlreadyExists.Policy", "The policy does already EXIST."),
    ("policy-on-user", lambda root: delete_policy(root, POLICY), 409, "DeleteConflict.Policy.User",
     "The policy CAN NOT been attached to any user while deleting the policy."),
    ("default-version", lambda root: delete_version(root, POLICY), 409, "DeleteConflict.Policy.Version.Default",
     "The default policy version CAN NOT been deleted directly."),
    ("attached-twice", lambda root: ram.attach(root, POLICY, USER), 409, "EntityAlreadyExists.User.Policy",
     "The user has already been attached this policy."),
    ("not-attached", lambda root: ram.detach(root, LOOSE, USER), 404, "EntityNotExist.User.Policy", "The indicate policy of the user does not exist."),
    ("not-attached-to-role", lambda root: ram.detach_from_role(root, LOOSE, ROLE), 404, "EntityNotExist.Role.Policy", "The role policy does not exist."),
]

def cases(table: dict[str, Named]) -> list[object]:
    """The calls of a table, each by its action's name."""
    return [pytest.param(call, id=action) for action, call in table.items()]


# Calls that name a thing: the parameter, its longest name, and what is said where there is none of it.
THINGS = [("UserName", 64, NO_USER, ON_USERS), ("PolicyName", 128, NO_POLICY, ON_POLICIES), ("RoleName", 64, NO_ROLE, ON_ROLES)]


@pytest.mark.parametrize(("call", "field", "longest", "absent"), [
    pytest.param(call, field, longest, absent, id=f"{field}-{action}")
    for field, longest, absent, table in THINGS for action, call in table.items()
])
def test_a_name_must_be_well_formed_and_of_something(root: Cloud, call: Named, field: str, longest: int, absent: tuple[int, str, str]) -> None:
    malformed(root, call, field, longest)
    literally(root, lambda cloud: call(cloud, NONE), *absent)


@pytest.mark.parametrize(("call", "field", "longest"), named([("CreateUser", create_user, "UserName", 64), ("CreatePolicy", create_policy, "PolicyName", 128)]))
def test_a_new_name_must_be_well_formed(root: Cloud, call: Named, field: str, longest: int) -> None:
    malformed(root, call, field, longest)


@pytest.mark.parametrize("call", cases(TYPED))
def test_a_policys_type_is_one_of_two(root: Cloud, call: Named) -> None:
    literally(root, lambda cloud: call(cloud, "Other"), 400, "InvalidParameter.PolicyType", 'The parameter - "PolicyType" is incorrect. It must be System or Custom.')


@pytest.mark.parametrize("call", cases(VERSIONED))
def test_a_version_is_named_by_its_number(root: Cloud, call: Named) -> None:
    for version in ("1", "v", "v0", "vv1", "latest"):
        begins(root, lambda cloud, version=version: call(cloud, version), 400, "InvalidParameter.VersionId.Format", FORMAT.format("VersionId"))
    literally(root, lambda cloud: call(cloud, "v9"), *NO_VERSION)


@pytest.mark.parametrize(("call", "fault", "sentence"), named(PARAMETERS))
def test_parameters(root: Cloud, call: Call, fault: str, sentence: str) -> None:
    begins(root, call, 400, f"InvalidParameter.{fault}", sentence.format(fault.split(".")[0]))


@pytest.mark.parametrize(("call", "status", "code", "message"), named(LITERAL))
def test_documented(root: Cloud, call: Call, status: int, code: str, message: str) -> None:
    literally(root, call, status, code, message)


@pytest.mark.parametrize("document", ["not json", "[]", '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}'])
def test_a_malformed_document_is_refused_as_a_version_too(root: Cloud, document: str) -> None:
    with refused(400, "MalformedPolicyDocument"):
        add_version(root, POLICY, document)


def test_a_description_is_changed(root: Cloud) -> None:
    describe(root, POLICY, "of the errors")
    assert root.ram.get_policy(models.GetPolicyRequest(policy_name=POLICY, policy_type="Custom")).body.policy.description == "of the errors"


def test_what_a_role_holds_is_not_deleted(root: Cloud) -> None:
    ram.attach_to_role(root, LOOSE, ROLE)
    literally(root, lambda cloud: ram.attach_to_role(cloud, LOOSE, ROLE), 409, "EntityAlreadyExists.Role.Policy", "The role policy does already EXIST.")
    literally(root, lambda cloud: delete_policy(cloud, LOOSE), 409, "DeleteConflict.Policy.Role",
              "The policy CAN NOT been attached to any role while deleting the policy.")
    ram.detach_from_role(root, LOOSE, ROLE)


def test_what_has_versions_is_not_deleted_without_them(root: Cloud) -> None:
    add_version(root, LOOSE)
    literally(root, lambda cloud: delete_policy(cloud, LOOSE), 409, "DeleteConflict.Policy.Version",
              "The policy CAN NOT has any version except the default version.")
    delete_version(root, LOOSE, "v2")
