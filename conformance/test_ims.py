"""IMS through the official SDK: users by logon name, the account's summary, network policies and last uses of access keys,
service credentials, the recycle bin, the credential report."""

import base64
import csv
import io
import json

import pytest
from alibabacloud_ims20190815 import models
from alibabacloud_ram20150501 import models as ram_models

from support import ram, raw
from support.cloud import Cloud
from support.ledger import LEDGER
from support.refusals import not_permitted, refused
from support.world import World

NETWORK = "10.0.0.1/32"


def network_policy(status: str, *addresses: str) -> str:
    """The JSON of a network policy that lists these addresses."""
    statements = [{"Type": "ClassicWhiteList", "IPList": list(addresses)}]
    return json.dumps({"Version": 1, "Status": status, "Statements": statements})


def basic(cloud: Cloud, target: str = "/modelstudio/workspaces") -> raw.Answer:
    """Reads something with HTTP Basic, as `curl -u` would."""
    return raw.send(cloud.control, "GET", target, headers=raw.basic(cloud))


@pytest.fixture(scope="module")
def domain(world: World) -> str:
    """What ends the logon names of the account."""
    return f"{world.account.account_id}.onaliyun.com"


class TestUsers:
    """CreateUser, GetUser, UpdateUser, ListUsers, ListUserBasicInfos, DeleteUser."""

    def test_a_user_has_a_logon_name(self, root: Cloud, domain: str) -> None:
        created = root.ims.create_user(models.CreateUserRequest(
            user_principal_name=f"ims.user@{domain}", display_name="Ims", comments="first",
        )).body.user
        assert created.user_principal_name == f"ims.user@{domain}"
        for request in (
            models.GetUserRequest(user_principal_name=f"ims.user@{domain}"),
            models.GetUserRequest(user_principal_name="ims.user"),
            models.GetUserRequest(user_id=created.user_id),
        ):
            read = root.ims.get_user(request).body.user
            assert (read.user_id, read.user_name, read.display_name, read.comments) == (created.user_id, "ims.user", "Ims", "first")
            assert read.provision_type == "Manual"
        changed = root.ims.update_user(models.UpdateUserRequest(
            user_id=created.user_id, new_user_principal_name=f"ims.renamed@{domain}", new_comments="second",
        )).body.user
        assert (changed.user_principal_name, changed.comments) == (f"ims.renamed@{domain}", "second")
        # RAM has the same user, by the bare name.
        assert root.ram.get_user(ram_models.GetUserRequest(user_name="ims.renamed")).body.user.user_id == created.user_id
        root.ims.delete_user(models.DeleteUserRequest(user_id=created.user_id))
        with refused(404, "EntityNotExist.User") as refusal:
            root.ims.get_user(models.GetUserRequest(user_id=created.user_id))
        assert refusal.message == "The user does not exist."

    def test_an_alias_stands_in_logon_names_and_the_account_id_is_still_read(self, root: Cloud, domain: str) -> None:
        root.ims.create_user(models.CreateUserRequest(user_principal_name=f"ims-alias@{domain}", display_name="Ims"))
        root.ram.set_account_alias(ram_models.SetAccountAliasRequest(account_alias="ims-house"))
        for name in ("ims-alias@ims-house.onaliyun.com", "ims-alias@IMS-House.OnAliyun.com", f"ims-alias@{domain}", "ims-alias"):
            read = root.ims.get_user(models.GetUserRequest(user_principal_name=name)).body.user
            assert read.user_principal_name == "ims-alias@ims-house.onaliyun.com"
        listed = root.ims.list_user_basic_infos(models.ListUserBasicInfosRequest()).body.user_basic_infos.user_basic_info
        assert "ims-alias@ims-house.onaliyun.com" in {user.user_principal_name for user in listed}
        for other in ("ims-alias@ims-house", "ims-alias@ims-house2.onaliyun.com", "ims-alias@other.onaliyun.com"):
            with refused(400, "InvalidParameter.UserPrincipalName") as refusal:
                root.ims.get_user(models.GetUserRequest(user_principal_name=other))
            assert "@ims-house.onaliyun.com" in refusal.message
        root.ram.clear_account_alias()
        with refused(400, "InvalidParameter.UserPrincipalName"):
            root.ims.get_user(models.GetUserRequest(user_principal_name="ims-alias@ims-house.onaliyun.com"))
        read = root.ims.get_user(models.GetUserRequest(user_principal_name="ims-alias")).body.user
        assert read.user_principal_name == f"ims-alias@{domain}"
        root.ims.delete_user(models.DeleteUserRequest(user_principal_name=f"ims-alias@{domain}"))

    def test_another_domain_is_refused_by_name(self, root: Cloud) -> None:
        with refused(400, "InvalidParameter.UserPrincipalName") as refusal:
            root.ims.get_user(models.GetUserRequest(user_principal_name="alice@example.com"))
        assert "onaliyun.com" in refusal.message

    def test_lists_come_in_pages(self, root: Cloud, domain: str) -> None:
        for number in range(3):
            ram.create_user(root, f"ims-page-{number}")
        page = lambda marker: root.ims.list_user_basic_infos(models.ListUserBasicInfosRequest(max_items=2, marker=marker)).body
        infos = lambda body: body.user_basic_infos.user_basic_info
        names = ram.paged(page, lambda body: [info.user_principal_name for info in infos(body)], 2)
        assert all(info.user_id.isdecimal() and info.status == "active" for info in infos(page(None)))
        assert set(names) >= {f"ims-page-{number}@{domain}" for number in range(3)}
        everybody = root.ims.list_users(models.ListUsersRequest(max_items=1000)).body
        assert [user.user_principal_name for user in everybody.users.user] == names
        page = lambda marker: root.ims.list_users(models.ListUsersRequest(max_items=3, marker=marker)).body
        assert ram.paged(page, lambda body: [user.user_principal_name for user in body.users.user], 3) == names
        frozen = root.ims.list_user_basic_infos(models.ListUserBasicInfosRequest(status="freeze")).body
        assert frozen.user_basic_infos.user_basic_info == []

    def test_a_manager_of_model_studio_sees_names_and_no_more(self, world: World, root: Cloud) -> None:
        manager = world.hire("ims-manager")
        with not_permitted("ram:ListUserBasicInfos"):
            manager.ims.list_user_basic_infos(models.ListUserBasicInfosRequest())
        ram.attach(root, "AliyunBailianFullAccess", "ims-manager", "System")
        assert manager.ims.list_user_basic_infos(models.ListUserBasicInfosRequest()).body.user_basic_infos.user_basic_info
        with not_permitted("ram:ListUsers"):
            manager.ims.list_users(models.ListUsersRequest())


class TestAccount:
    """GetAccountSummary."""

    def test_the_summary_counts_and_tells_the_quotas(self, root: Cloud) -> None:
        before = root.ims.get_account_summary().body.summary_map
        assert all(value is not None for value in vars(before).values()), vars(before)
        assert len(before.to_map()) == 26
        assert (before.access_keys_per_user_quota, before.policy_size_quota, before.versions_per_policy_quota) == (2, 6144, 5)
        ram.create_user(root, "ims-counted")
        after = root.ims.get_account_summary().body.summary_map
        assert (after.users, after.users_quota) == (before.users + 1, before.users_quota)


class TestNetworkPolicies:
    """SetAccessKeyPolicy, GetAccessKeyPolicy, and those for the account; what a refused address is told."""

    def test_a_key_is_used_from_listed_addresses_only(self, world: World, root: Cloud) -> None:
        user = world.hire("ims-network")
        request = models.GetAccessKeyPolicyRequest(user_principal_name="ims-network", user_access_key_id=user.access_key_id)
        unset = json.loads(root.ims.get_access_key_policy(request).body.access_key_policy)
        assert unset == {"Version": 1, "Status": "Inactive", "Statements": []}
        self._set(root, user, network_policy("Active", NETWORK))
        read = root.ims.get_access_key_policy(request).body
        assert (read.access_key_id, json.loads(read.access_key_policy)) == (user.access_key_id, json.loads(network_policy("Active", NETWORK)))
        with refused(403, "Forbidden.AccessKeyPolicy") as refusal:
            user.sts.get_caller_identity()
        assert "127.0.0.1" in refusal.message
        assert "SetAccessKeyPolicy" in refusal.message
        answer = basic(user)
        assert (answer.status, answer.json()["code"]) == (403, "Forbidden.AccessKeyPolicy")
        # Whoever does not hold the secret hears nothing of the policy.
        with refused(400, "SignatureDoesNotMatch"):
            Cloud(world.server.control, user.access_key_id, "not-the-secret").sts.get_caller_identity()
        self._set(root, user, network_policy("Active", NETWORK, "127.0.0.0/8"))
        assert user.sts.get_caller_identity().body.identity_type == "RAMUser"

    def test_nobody_locks_out_the_key_that_sets_the_policy(self, root: Cloud) -> None:
        with refused(409, "OperationConflict.AccessKeyPolicy") as refusal:
            root.ims.set_access_key_policy_for_account(
                models.SetAccessKeyPolicyForAccountRequest(access_key_policy=network_policy("Active", NETWORK)))
        assert "127.0.0.1" in refusal.message

    def test_the_accounts_policy_counts_where_a_key_has_none(self, world: World, root: Cloud) -> None:
        bound, free = world.hire("ims-bound"), world.hire("ims-free")
        own = models.SetAccessKeyPolicyRequest(
            user_access_key_id=root.access_key_id, access_key_policy=network_policy("Active", "127.0.0.1"))
        root.ims.set_access_key_policy(own)
        self._set(root, free, network_policy("Active", "127.0.0.1"))
        for_account = models.SetAccessKeyPolicyForAccountRequest(access_key_policy=network_policy("Active", NETWORK))
        root.ims.set_access_key_policy_for_account(for_account)
        try:
            read = root.ims.get_access_key_policy_for_account(models.GetAccessKeyPolicyForAccountRequest()).body.access_key_policy
            assert json.loads(read) == json.loads(network_policy("Active", NETWORK))
            with refused(403, "Forbidden.AccessKeyPolicy") as refusal:
                bound.sts.get_caller_identity()
            assert "SetAccessKeyPolicyForAccount" in refusal.message
            assert free.sts.get_caller_identity().body.identity_type == "RAMUser"
        finally:
            for_account.access_key_policy = network_policy("Inactive")
            root.ims.set_access_key_policy_for_account(for_account)
            own.access_key_policy = network_policy("Inactive")
            root.ims.set_access_key_policy(own)
        assert bound.sts.get_caller_identity().body.identity_type == "RAMUser"

    @pytest.mark.parametrize("policy", ["", "{}", "[]", '{"Status":"Active"}', network_policy("Active", "10.0.0.0/99"), network_policy("On")])
    def test_what_is_no_policy_is_refused(self, root: Cloud, policy: str) -> None:
        with refused(400, "InvalidParameter.AccessKeyPolicy"):
            root.ims.set_access_key_policy_for_account(models.SetAccessKeyPolicyForAccountRequest(access_key_policy=policy))

    @staticmethod
    def _set(root: Cloud, user: Cloud, policy: str) -> None:
        caller = root.ims.get_user(models.GetUserRequest(user_access_key_id=user.access_key_id)).body.user
        root.ims.set_access_key_policy(models.SetAccessKeyPolicyRequest(
            user_principal_name=caller.user_principal_name, user_access_key_id=user.access_key_id, access_key_policy=policy,
        ))


class TestLastUse:
    """GetAccessKeyLastUsed, of RAM and of IMS."""

    def test_it_tells_when_and_with_which_service(self, world: World, root: Cloud) -> None:
        user = world.hire("ims-used")
        old = ram_models.GetAccessKeyLastUsedRequest(user_name="ims-used", user_access_key_id=user.access_key_id)
        new = models.GetAccessKeyLastUsedRequest(user_principal_name="ims-used", user_access_key_id=user.access_key_id)
        assert root.ram.get_access_key_last_used(old).body.access_key_last_used.last_used_date is None
        user.sts.get_caller_identity()
        assert root.ram.get_access_key_last_used(old).body.access_key_last_used.last_used_date.endswith("Z")
        used = root.ims.get_access_key_last_used(new).body.access_key_last_used
        assert (used.last_used_date.endswith("Z"), used.service_name) == (True, "Sts")


class TestServiceCredentials:
    """CreateServiceCredential, Get, List, Update, Delete, and what one opens: Model Studio by HTTP Basic."""

    def test_a_credential_opens_model_studio_with_its_users_permissions(self, world: World, root: Cloud, domain: str) -> None:
        ram.create_user(root, "ims-service")
        made = root.ims.create_service_credential(models.CreateServiceCredentialRequest(
            user_principal_name=f"ims-service@{domain}", service_name="bailian", service_credential_name="ci", credential_age_days=90,
        )).body.service_credential
        assert (made.status, made.user_principal_name) == ("Active", f"ims-service@{domain}")
        assert made.expiration_time > made.create_time
        LEDGER.service_credential("ims-service", made.service_credential_id, made.service_credential_secret)
        credential = Cloud(world.server.control, made.service_credential_id, made.service_credential_secret)
        assert basic(credential).status == 200
        settings = basic(credential, "/modelstudio/settings")
        assert (settings.status, settings.json()["code"]) == (403, "NoPermission")
        ram.attach(root, "AdministratorAccess", "ims-service", "System")
        assert basic(credential, "/modelstudio/settings").status == 200
        other = basic(credential, "/?Action=ListUsers&Version=2015-05-01")
        assert (other.status, other.json()["Code"]) == (403, "InvalidServiceCredential.OtherService")
        wrong = Cloud(world.server.control, made.service_credential_id, "wrong")
        assert basic(wrong).json()["code"] == "InvalidServiceCredential.Secret"

        one = {"user_principal_name": "ims-service", "service_credential_id": made.service_credential_id}
        read = root.ims.get_service_credential(models.GetServiceCredentialRequest(**one)).body.service_credential
        assert (read.service_credential_name, read.service_name) == ("ci", "bailian")
        root.ims.update_service_credential(models.UpdateServiceCredentialRequest(**one, status="Inactive"))
        assert basic(credential).json()["code"] == "InvalidServiceCredential.Inactive"
        root.ims.update_service_credential(models.UpdateServiceCredentialRequest(**one, status="Active", service_credential_name="ci2"))
        assert basic(credential).status == 200
        root.ims.delete_service_credential(models.DeleteServiceCredentialRequest(**one))
        gone = basic(credential)
        assert (gone.status, gone.json()["code"]) == (404, "InvalidServiceCredential.NotFound")
        with refused(404, "EntityNotExist.User.ServiceCredential"):
            root.ims.get_service_credential(models.GetServiceCredentialRequest(**one))

    def test_lists_and_quota(self, root: Cloud) -> None:
        ram.create_user(root, "ims-two-credentials")
        request = models.CreateServiceCredentialRequest(
            user_principal_name="ims-two-credentials", service_name="modelstudio", service_credential_name="one")
        for _ in range(2):
            made = root.ims.create_service_credential(request).body.service_credential
            LEDGER.service_credential("ims-two-credentials", made.service_credential_id, made.service_credential_secret)
            assert made.expiration_time is None
        with refused(409, "LimitExceeded.User.ServiceCredential"):
            root.ims.create_service_credential(request)
        first = root.ims.list_service_credentials(models.ListServiceCredentialsRequest(all_users=True, max_results=1)).body
        assert (first.is_truncated, len(first.service_credentials)) == (True, 1)
        second = root.ims.list_service_credentials(
            models.ListServiceCredentialsRequest(all_users=True, max_results=100, next_token=first.next_token)).body
        assert second.is_truncated is False
        assert first.service_credentials[0].service_credential_id not in [row.service_credential_id for row in second.service_credentials]
        own = root.ims.list_service_credentials(models.ListServiceCredentialsRequest(user_principal_name="ims-two-credentials")).body
        assert len(own.service_credentials) == 2

    @pytest.mark.parametrize(("field", "value"), [("service_name", "oss"), ("service_credential_name", "a b"), ("credential_age_days", 36601)])
    def test_what_is_wrong_is_refused_by_name(self, root: Cloud, field: str, value: object) -> None:
        good = {"user_principal_name": "ims-two-credentials", "service_name": "bailian", "service_credential_name": "x"}
        name = "".join(part.capitalize() for part in field.split("_"))
        with refused(400, f"InvalidParameter.{name}"):
            root.ims.create_service_credential(models.CreateServiceCredentialRequest(**{**good, field: value}))


class TestRecycleBin:
    """Deleting with the setting recycleBin, and what comes back."""

    def test_a_user_and_a_key_come_back_with_nothing(self, world: World, root: Cloud, domain: str) -> None:
        with ram.setting(root, "recycleBin", True):
            user = world.hire("ims-leaver")
            user_id = world.user_ids["ims-leaver"]
            root.ram.delete_access_key(ram_models.DeleteAccessKeyRequest(user_name="ims-leaver", user_access_key_id=user.access_key_id))
            with refused(404, "InvalidAccessKeyId.NotFound"):
                user.sts.get_caller_identity()
            (key,) = root.ims.list_access_keys_in_recycle_bin(
                models.ListAccessKeysInRecycleBinRequest(user_id=user_id)).body.access_keys.access_key
            assert (key.access_key_id, key.delete_date > key.recycle_date) == (user.access_key_id, True)
            root.ims.delete_user(models.DeleteUserRequest(user_principal_name="ims-leaver"))
        info = root.ims.get_access_key_info_in_recycle_bin(
            models.GetAccessKeyInfoInRecycleBinRequest(user_access_key_id=user.access_key_id)).body.access_key
        assert (info.user_id, info.user_principal_name, info.user_recycled) == (user_id, f"ims-leaver@{domain}", True)
        condition = f"UserPrincipalName eq ims-leaver@{domain}"
        (listed,) = root.ims.list_users_in_recycle_bin(models.ListUsersInRecycleBinRequest(filter=condition)).body.users.user
        assert (listed.user_id, listed.user_principal_name) == (user_id, f"ims-leaver@{domain}")
        by_key = root.ims.get_user_in_recycle_bin(models.GetUserInRecycleBinRequest(user_access_key_id=user.access_key_id)).body.user
        assert by_key.user_id == user_id

        key_request = models.RestoreAccessKeyFromRecycleBinRequest(user_id=user_id, user_access_key_id=user.access_key_id)
        with refused(409, "OperationConflict.User"):
            root.ims.restore_access_key_from_recycle_bin(key_request)
        root.ims.restore_user_from_recycle_bin(models.RestoreUserFromRecycleBinRequest(user_id=user_id))
        assert root.ims.get_user(models.GetUserRequest(user_id=user_id)).body.user.user_name == "ims-leaver"
        assert root.ram.list_access_keys(ram_models.ListAccessKeysRequest(user_name="ims-leaver")).body.access_keys.access_key == []
        root.ims.restore_access_key_from_recycle_bin(key_request)
        with refused(400, "InvalidAccessKeyId.Inactive"):
            user.sts.get_caller_identity()
        root.ram.update_access_key(ram_models.UpdateAccessKeyRequest(
            user_name="ims-leaver", user_access_key_id=user.access_key_id, status="Active"))
        assert user.sts.get_caller_identity().body.user_id == user_id

    def test_what_is_deleted_for_good_does_not_come_back(self, root: Cloud) -> None:
        with ram.setting(root, "recycleBin", True):
            user_id = ram.create_user(root, "ims-gone").user_id
            key = ram.create_access_key(root, "ims-gone").access_key_id
            root.ram.delete_access_key(ram_models.DeleteAccessKeyRequest(user_name="ims-gone", user_access_key_id=key))
            root.ims.delete_access_key_in_recycle_bin(models.DeleteAccessKeyInRecycleBinRequest(user_id=user_id, user_access_key_id=key))
            with refused(404, "EntityNotExist.User.AccessKey"):
                root.ims.restore_access_key_from_recycle_bin(
                    models.RestoreAccessKeyFromRecycleBinRequest(user_id=user_id, user_access_key_id=key))
            root.ims.delete_user(models.DeleteUserRequest(user_id=user_id))
        root.ims.delete_user_in_recycle_bin(models.DeleteUserInRecycleBinRequest(user_id=user_id))
        with refused(404, "EntityNotExist.User"):
            root.ims.restore_user_from_recycle_bin(models.RestoreUserFromRecycleBinRequest(user_id=user_id))

    def test_lists_come_in_pages(self, root: Cloud) -> None:
        ids = set()
        with ram.setting(root, "recycleBin", True):
            for number in range(3):
                user_id = ram.create_user(root, f"ims-bin-{number}").user_id
                ids.add(user_id)
                root.ims.delete_user(models.DeleteUserRequest(user_id=user_id))
        page = lambda marker: root.ims.list_users_in_recycle_bin(models.ListUsersInRecycleBinRequest(max_items=2, marker=marker)).body
        listed = ram.paged(page, lambda body: [user.user_id for user in body.users.user], 2)
        assert set(listed) >= ids

    def test_giving_a_credential_back_takes_what_making_one_takes(self, world: World, root: Cloud) -> None:
        with ram.setting(root, "recycleBin", True):
            clerk = world.hire("ims-clerk")
            ram.create_policy(root, "ims-restores", ram.statement("Allow", ["ram:Restore*", "ram:CreateServiceCredential"]))
            ram.attach(root, "ims-restores", "ims-clerk")
            user_id = ram.create_user(root, "ims-boss").user_id
            key = ram.create_access_key(root, "ims-boss").access_key_id
            root.ram.delete_access_key(ram_models.DeleteAccessKeyRequest(user_name="ims-boss", user_access_key_id=key))
            with not_permitted("ram:RestoreAccessKeyFromRecycleBin"):
                clerk.ims.restore_access_key_from_recycle_bin(
                    models.RestoreAccessKeyFromRecycleBinRequest(user_id=user_id, user_access_key_id=key))
            with not_permitted("ram:CreateServiceCredential"):
                clerk.ims.create_service_credential(models.CreateServiceCredentialRequest(
                    user_principal_name="ims-boss", service_name="bailian", service_credential_name="x"))
            root.ims.delete_user(models.DeleteUserRequest(user_id=user_id))
        with not_permitted("ram:RestoreUserFromRecycleBin"):
            clerk.ims.restore_user_from_recycle_bin(models.RestoreUserFromRecycleBinRequest(user_id=user_id))


class TestCredentialReport:
    """GenerateCredentialReport, GetCredentialReport."""

    def test_the_report_names_everybody_and_their_keys(self, world: World, root: Cloud, domain: str) -> None:
        user = world.hire("ims-reported")
        user.sts.get_caller_identity()
        ram.create_user(root, "ims-idle")
        password = LEDGER.secret("password of ims-reported", "Reported-1-Passw0rd")
        root.ram.create_login_profile(ram_models.CreateLoginProfileRequest(user_name="ims-reported", password=password))
        assert root.ims.generate_credential_report().body.state == "COMPLETED"
        whole = root.ims.get_credential_report(models.GetCredentialReportRequest()).body
        assert (whole.is_truncated, whole.generated_time.endswith("Z")) == ("false", True)
        text = base64.b64decode(whole.content).decode()
        rows = {row["user"]: row for row in csv.DictReader(io.StringIO(text))}
        assert next(iter(rows)) == "<root>"
        used = rows[f"ims-reported@{domain}"]
        assert (used["access_key_1_exist"], used["access_key_1_active"], used["access_key_2_exist"]) == ("TRUE", "TRUE", "FALSE")
        assert used["access_key_1_last_used"].endswith("Z")
        assert (used["password_exist"], used["user_last_logon"], used["mfa_active"]) == ("TRUE", "-", "FALSE")
        assert used["password_last_changed"].endswith("Z")
        idle = rows[f"ims-idle@{domain}"]
        assert (idle["access_key_1_exist"], idle["password_exist"], idle["password_last_changed"]) == ("FALSE", "FALSE", "N/A")

        parts, token = [], None
        while True:
            part = root.ims.get_credential_report(models.GetCredentialReportRequest(max_items="2", next_token=token)).body
            parts.append(base64.b64decode(part.content).decode())
            if part.is_truncated == "false":
                break
            token = part.next_token
        assert "".join(parts) == text
        assert len(parts) > 1
