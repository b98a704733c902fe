"""RAM through the official SDK: users, access keys, policies and their versions, attachments; errors by code, status and literal message."""

import json

import pytest
from alibabacloud_ram20150501 import models

from support import ram
from support.cloud import Cloud
from support.refusals import refused
from support.world import World

ALLOW_GET = ram.statement("Allow", "ram:Get*")
ALLOW_LIST = ram.statement("Allow", "ram:List*")


class TestUsers:
    """CreateUser, GetUser, UpdateUser, ListUsers, DeleteUser."""

    def test_a_user_is_created_read_changed_and_deleted(self, root: Cloud) -> None:
        created = root.ram.create_user(models.CreateUserRequest(
            user_name="ram.user-1", display_name="研发 One", comments="first", email="one@example.com", mobile_phone="86-18600000000",
        )).body.user
        assert created.user_name == "ram.user-1"
        assert created.user_id.isdecimal()
        assert created.create_date.endswith("Z")
        read = root.ram.get_user(models.GetUserRequest(user_name="ram.user-1")).body.user
        assert (read.user_id, read.display_name, read.comments, read.email, read.mobile_phone) == (
            created.user_id, "研发 One", "first", "one@example.com", "86-18600000000",
        )
        root.ram.update_user(models.UpdateUserRequest(user_name="ram.user-1", new_user_name="ram.user-2", new_comments="second"))
        renamed = root.ram.get_user(models.GetUserRequest(user_name="ram.user-2")).body.user
        assert (renamed.user_id, renamed.comments, renamed.display_name) == (created.user_id, "second", "研发 One")
        root.ram.delete_user(models.DeleteUserRequest(user_name="ram.user-2"))
        with refused(404, "EntityNotExist.User") as refusal:
            root.ram.get_user(models.GetUserRequest(user_name="ram.user-2"))
        assert refusal.message == "The user does not exist."

    def test_a_name_is_taken_once(self, root: Cloud) -> None:
        ram.create_user(root, "ram-twice")
        with refused(409, "EntityAlreadyExists.User") as refusal:
            ram.create_user(root, "ram-twice")
        assert refusal.message == "The user does already EXIST."

    @pytest.mark.parametrize(("name", "fault", "message"), [
        pytest.param("has space", "InvalidChars", "contains invalid chars.", id="blank"),
        pytest.param("slash/name", "InvalidChars", "contains invalid chars.", id="slash"),
        pytest.param("x" * 65, "Length", "beyond the length limit.", id="too-long"),
    ])
    def test_a_name_must_be_well_formed(self, root: Cloud, name: str, fault: str, message: str) -> None:
        with refused(400, f"InvalidParameter.UserName.{fault}") as refusal:
            root.ram.create_user(models.CreateUserRequest(user_name=name, display_name="Bad"))
        assert refusal.message.startswith(f'The parameter - "UserName" {message}')

    def test_lists_come_in_pages_and_say_whether_there_is_more(self, root: Cloud) -> None:
        for number in range(3):
            ram.create_user(root, f"ram-page-{number}")
        page = lambda marker: root.ram.list_users(models.ListUsersRequest(max_items=2, marker=marker)).body
        names = ram.paged(page, lambda body: [user.user_name for user in body.users.user], 2)
        assert set(names) >= {"ram-page-0", "ram-page-1", "ram-page-2"}


class TestAccessKeys:
    """CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, and what the caller of a dead key is told."""

    def test_an_access_key_works_until_it_is_switched_off(self, world: World, root: Cloud) -> None:
        user = world.hire("ram-keys")
        request = models.ListAccessKeysRequest(user_name="ram-keys")
        (listed,) = root.ram.list_access_keys(request).body.access_keys.access_key
        assert (listed.access_key_id, listed.status) == (user.access_key_id, "Active")
        assert not hasattr(listed, "access_key_secret")
        assert user.sts.get_caller_identity().body.identity_type == "RAMUser"

        self._switch(root, user, "Inactive")
        with refused(400, "InvalidAccessKeyId.Inactive") as refusal:
            user.sts.get_caller_identity()
        assert refusal.message == "Specified access key is disabled."
        self._switch(root, user, "Active")
        assert user.sts.get_caller_identity().body.user_id == world.user_ids["ram-keys"]

        root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name="ram-keys", user_access_key_id=user.access_key_id))
        with refused(404, "InvalidAccessKeyId.NotFound") as refusal:
            user.sts.get_caller_identity()
        assert refusal.message == "Specified access key is not found."

    def test_a_user_has_two_at_most(self, world: World, root: Cloud) -> None:
        world.hire("ram-two-keys")
        ram.create_access_key(root, "ram-two-keys")
        with refused(409, "LimitExceeded.User.AccessKey"):
            ram.create_access_key(root, "ram-two-keys")

    def test_errors_name_what_is_missing(self, root: Cloud) -> None:
        ram.create_user(root, "ram-no-keys")
        with refused(404, "EntityNotExist.User.AccessKey"):
            root.ram.delete_access_key(models.DeleteAccessKeyRequest(user_name="ram-no-keys", user_access_key_id="LTAIunknown"))
        with refused(404, "EntityNotExist.User"):
            ram.create_access_key(root, "ram-nobody")

    def test_a_wrong_secret_does_not_sign(self, world: World) -> None:
        impostor = Cloud(world.server.control, world.root.access_key_id, "not-the-secret-of-root-at-all")
        with refused(400, "SignatureDoesNotMatch") as refusal:
            impostor.sts.get_caller_identity()
        assert refusal.message.startswith("Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n")

    @staticmethod
    def _switch(root: Cloud, user: Cloud, status: str) -> None:
        root.ram.update_access_key(models.UpdateAccessKeyRequest(
            user_name="ram-keys", user_access_key_id=user.access_key_id, status=status,
        ))


class TestPolicies:
    """CreatePolicy, GetPolicy, ListPolicies, DeletePolicy, and the system policies that come with the account."""

    def test_a_policy_is_created_and_read(self, root: Cloud) -> None:
        created = ram.create_policy(root, "ram-read", ALLOW_GET)
        assert (created.policy_name, created.policy_type, created.default_version) == ("ram-read", "Custom", "v1")
        body = root.ram.get_policy(models.GetPolicyRequest(policy_name="ram-read", policy_type="Custom")).body
        assert body.policy.attachment_count == 0
        assert body.policy.default_version == "v1"
        assert body.default_policy_version.is_default_version is True
        assert json.loads(body.default_policy_version.policy_document) == {"Version": "1", "Statement": [ALLOW_GET]}

    def test_a_name_is_taken_once(self, root: Cloud) -> None:
        with refused(409, "EntityAlreadyExists.Policy"):
            ram.create_policy(root, "ram-read", ALLOW_GET)

    @pytest.mark.parametrize("document", [
        pytest.param('{"Version":"1","Statement":[{"Effect":"Permit","Action":"*","Resource":"*"}]}', id="effect"),
        pytest.param('{"Version":"2","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}', id="version"),
        pytest.param('{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}', id="no-version"),
        pytest.param('{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}', id="no-resource"),
        pytest.param(
            '{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Unheard":{"acs:SourceIp":"*"}}}]}',
            id="operator",
        ),
        pytest.param("not json", id="not-json"),
        pytest.param("[]", id="not-an-object"),
    ])
    def test_a_malformed_document_is_refused(self, root: Cloud, document: str) -> None:
        with refused(400, "MalformedPolicyDocument"):
            root.ram.create_policy(models.CreatePolicyRequest(policy_name="ram-malformed", policy_document=document))

    def test_a_statement_without_an_action_gets_the_known_message(self, root: Cloud) -> None:
        document = '{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*"}]}'
        with refused(400, "MalformedPolicyDocument") as refusal:
            root.ram.create_policy(models.CreatePolicyRequest(policy_name="ram-malformed", policy_document=document))
        assert refusal.message.startswith("Add an Action or NotAction element to the policy statement.")

    def test_a_document_may_have_6144_characters_and_not_one_more(self, root: Cloud) -> None:
        empty = ram.document(ram.statement("Allow", "ram:"))
        longest = ram.document(ram.statement("Allow", "ram:" + "x" * (6144 - len(empty))))
        assert len(longest) == 6144
        root.ram.create_policy(models.CreatePolicyRequest(policy_name="ram-longest", policy_document=longest))
        with refused(400, "InvalidParameter.PolicyDocument.Length"):
            root.ram.create_policy(models.CreatePolicyRequest(policy_name="ram-too-long", policy_document=longest + " "))

    def test_lists_tell_system_from_custom(self, root: Cloud) -> None:
        custom = self._names(root, "Custom")
        system = self._names(root, "System")
        assert "ram-read" in custom
        assert system >= {
            "AdministratorAccess", "AliyunRAMFullAccess", "AliyunRAMReadOnlyAccess", "AliyunBailianFullAccess",
            "AliyunBailianReadOnlyAccess", "AliyunBailianControlFullAccess", "AliyunBailianControlReadOnlyAccess",
            "AliyunBailianDataFullAccess", "AliyunBailianDataReadOnlyAccess",
        }
        assert not custom & system
        assert self._names(root, None) == custom | system

    @pytest.mark.parametrize("kind", ["Custom", "System", None])
    def test_lists_come_in_pages(self, root: Cloud, kind: str | None) -> None:
        page = lambda marker: root.ram.list_policies(models.ListPoliciesRequest(policy_type=kind, max_items=3, marker=marker)).body
        names = ram.paged(page, lambda body: [policy.policy_name for policy in body.policies.policy], 3)
        assert set(names) == self._names(root, kind)

    def test_a_system_policy_is_read_and_not_changed(self, root: Cloud) -> None:
        body = root.ram.get_policy(models.GetPolicyRequest(policy_name="AliyunBailianFullAccess", policy_type="System")).body
        document = json.loads(body.default_policy_version.policy_document)
        actions = {action for entry in document["Statement"] for action in entry["Action"]}
        assert actions >= {"modelstudio:*", "sfm:*"}
        with refused(404, "EntityNotExist.Policy"):
            root.ram.delete_policy(models.DeletePolicyRequest(policy_name="AliyunBailianFullAccess"))

    @pytest.mark.parametrize(("name", "kind", "status", "code"), [
        ("ram-absent", "Custom", 404, "EntityNotExist.Policy"),
        ("ram-read", "System", 404, "EntityNotExist.Policy"),
        ("ram-read", "Other", 400, "InvalidParameter.PolicyType"),
        ("bad_name", "Custom", 400, "InvalidParameter.PolicyName.InvalidChars"),
    ])
    def test_errors_name_what_is_wrong(self, root: Cloud, name: str, kind: str, status: int, code: str) -> None:
        with refused(status, code):
            root.ram.get_policy(models.GetPolicyRequest(policy_name=name, policy_type=kind))

    @staticmethod
    def _names(root: Cloud, kind: str | None) -> set[str]:
        body = root.ram.list_policies(models.ListPoliciesRequest(policy_type=kind, max_items=1000)).body
        assert body.is_truncated is False
        return {policy.policy_name for policy in body.policies.policy}


class TestVersions:
    """Versions v1, v2 … with one default; what a user may do follows the default at once."""

    def test_a_new_default_takes_effect_at_once(self, world: World, root: Cloud) -> None:
        user = world.hire("ram-versions")
        ram.create_policy(root, "ram-versioned", ALLOW_GET)
        ram.attach(root, "ram-versioned", "ram-versions")
        with refused(403, "NoPermission"):
            user.ram.list_users(models.ListUsersRequest())
        version = self._add(root, as_default=False)
        assert (version.version_id, version.is_default_version) == ("v2", False)
        with refused(403, "NoPermission"):
            user.ram.list_users(models.ListUsersRequest())
        root.ram.set_default_policy_version(models.SetDefaultPolicyVersionRequest(policy_name="ram-versioned", version_id="v2"))
        assert user.ram.list_users(models.ListUsersRequest()).body.users.user
        root.ram.set_default_policy_version(models.SetDefaultPolicyVersionRequest(policy_name="ram-versioned", version_id="v1"))
        with refused(403, "NoPermission"):
            user.ram.list_users(models.ListUsersRequest())

    def test_versions_are_listed_and_read(self, root: Cloud) -> None:
        request = models.ListPolicyVersionsRequest(policy_name="ram-versioned", policy_type="Custom")
        listed = root.ram.list_policy_versions(request).body.policy_versions.policy_version
        assert {version.version_id: version.is_default_version for version in listed} == {"v1": True, "v2": False}
        read = root.ram.get_policy_version(models.GetPolicyVersionRequest(
            policy_name="ram-versioned", policy_type="Custom", version_id="v2",
        )).body.policy_version
        assert json.loads(read.policy_document)["Statement"] == [ALLOW_LIST]

    def test_five_versions_at_most_unless_the_oldest_makes_room(self, root: Cloud) -> None:
        for _ in range(3):
            self._add(root, as_default=False)
        with refused(409, "LimitExceeded.Policy.Version"):
            self._add(root, as_default=False)
        version = self._add(root, as_default=True, rotate="DeleteOldestNonDefaultVersionWhenLimitExceeded")
        assert (version.version_id, version.is_default_version) == ("v6", True)
        with refused(404, "EntityNotExist.Policy.Version"):
            self._delete(root, "v2")

    def test_the_default_version_is_not_deleted(self, root: Cloud) -> None:
        with refused(409, "DeleteConflict.Policy.Version.Default") as refusal:
            self._delete(root, "v6")
        assert refusal.message == "The default policy version CAN NOT been deleted directly."
        self._delete(root, "v1")
        with refused(400, "InvalidParameter.VersionId.Format"):
            self._delete(root, "one")

    @staticmethod
    def _add(root: Cloud, as_default: bool, rotate: str | None = None) -> models.CreatePolicyVersionResponseBodyPolicyVersion:
        return root.ram.create_policy_version(models.CreatePolicyVersionRequest(
            policy_name="ram-versioned", policy_document=ram.document(ALLOW_LIST), set_as_default=as_default, rotate_strategy=rotate,
        )).body.policy_version

    @staticmethod
    def _delete(root: Cloud, version: str) -> None:
        root.ram.delete_policy_version(models.DeletePolicyVersionRequest(policy_name="ram-versioned", version_id=version))


class TestAttachments:
    """AttachPolicyToUser, DetachPolicyFromUser, ListPoliciesForUser, ListEntitiesForPolicy, and what a deletion conflicts with."""

    def test_attachments_show_from_both_sides(self, root: Cloud) -> None:
        user = ram.create_user(root, "ram-attached", "Attached One")
        ram.create_policy(root, "ram-attachable", ALLOW_GET)
        ram.attach(root, "ram-attachable", "ram-attached")
        ram.attach(root, "AliyunRAMReadOnlyAccess", "ram-attached", "System")

        listed = root.ram.list_policies_for_user(models.ListPoliciesForUserRequest(user_name="ram-attached")).body.policies.policy
        assert {(policy.policy_name, policy.policy_type) for policy in listed} == {
            ("ram-attachable", "Custom"), ("AliyunRAMReadOnlyAccess", "System"),
        }
        assert all(policy.attach_date for policy in listed)
        entities = root.ram.list_entities_for_policy(models.ListEntitiesForPolicyRequest(
            policy_name="ram-attachable", policy_type="Custom",
        )).body
        (entity,) = entities.users.user
        assert (entity.user_id, entity.user_name, entity.display_name) == (user.user_id, "ram-attached", "Attached One")
        assert entities.groups.group == []
        assert entities.roles.role == []
        policy = root.ram.get_policy(models.GetPolicyRequest(policy_name="ram-attachable", policy_type="Custom")).body.policy
        assert policy.attachment_count == 1

    def test_a_policy_is_attached_once(self, root: Cloud) -> None:
        with refused(409, "EntityAlreadyExists.User.Policy"):
            ram.attach(root, "ram-attachable", "ram-attached")

    def test_what_is_attached_is_not_deleted(self, root: Cloud) -> None:
        with refused(409, "DeleteConflict.Policy.User"):
            root.ram.delete_policy(models.DeletePolicyRequest(policy_name="ram-attachable", cascading_delete=True))
        with refused(409, "DeleteConflict.User.Policy") as refusal:
            root.ram.delete_user(models.DeleteUserRequest(user_name="ram-attached"))
        assert refusal.message == "The user CAN NOT has any attached policy while deleting the user."

    def test_what_is_detached_is_gone(self, root: Cloud) -> None:
        ram.detach(root, "ram-attachable", "ram-attached")
        with refused(404, "EntityNotExist.User.Policy"):
            ram.detach(root, "ram-attachable", "ram-attached")
        ram.delete_user(root, "ram-attached")
        root.ram.delete_policy(models.DeletePolicyRequest(policy_name="ram-attachable"))
        with refused(404, "EntityNotExist.Policy"):
            root.ram.get_policy(models.GetPolicyRequest(policy_name="ram-attachable", policy_type="Custom"))

    def test_both_ends_must_exist(self, root: Cloud) -> None:
        with refused(404, "EntityNotExist.Policy"):
            ram.attach(root, "ram-absent", "ram-twice")
        with refused(404, "EntityNotExist.User"):
            ram.attach(root, "ram-read", "ram-nobody")

    def test_a_policy_with_versions_is_deleted_only_with_them(self, root: Cloud) -> None:
        ram.create_policy(root, "ram-many", ALLOW_GET)
        root.ram.create_policy_version(models.CreatePolicyVersionRequest(
            policy_name="ram-many", policy_document=ram.document(ALLOW_LIST), set_as_default=True,
        ))
        with refused(409, "DeleteConflict.Policy.Version") as refusal:
            root.ram.delete_policy(models.DeletePolicyRequest(policy_name="ram-many"))
        assert refusal.message == "The policy CAN NOT has any version except the default version."
        root.ram.delete_policy(models.DeletePolicyRequest(policy_name="ram-many", cascading_delete=True))
