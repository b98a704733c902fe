"""OIDC providers and AssumeRoleWithOIDC through the official IMS and STS SDKs, with tokens of an issuer that this test runs."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest
from alibabacloud_ims20190815 import models
from alibabacloud_ram20150501 import models as ram_models

from support import oidc, ram
from support.cloud import Cloud
from support.issuer import Issuer
from support.refusals import refused
from support.world import World

READ = "AliyunRAMReadOnlyAccess"
SUBJECT = {"StringEquals": {"oidc:aud": "bailey"}, "StringLike": {"oidc:sub": "repo:corp/*"}}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer on loopback."""
    with closing(Issuer()) as issuer:
        yield issuer


@pytest.fixture
def anyone(world: World) -> Cloud:
    """Somebody without a credential of this server."""
    return Cloud(world.root.control, "nobody", "nothing")


class TestProviders:
    """Create, Get, List, Update, Delete, AddClientId, RemoveClientId."""

    def test_a_provider_is_created_read_changed_and_deleted(self, root: Cloud, account: str) -> None:
        arn = oidc.provide(root, "Corp.One", "https://login.example/one", description="研发", fingerprints="902ef2deeb3c5b13")
        assert arn == f"acs:ram::{account}:oidc-provider/Corp.One"
        get = models.GetOIDCProviderRequest(oidcprovider_name="corp.ONE")
        found = root.ims.get_oidcprovider(get).body.oidcprovider
        assert (found.arn, found.oidcprovider_name, found.issuer_url) == (arn, "Corp.One", "https://login.example/one")
        assert (found.client_ids, found.fingerprints, found.description) == ("bailey,second", "902ef2deeb3c5b13", "研发")
        assert (found.issuance_limit_time, found.create_date) == (12, found.update_date)
        changed = root.ims.update_oidcprovider(models.UpdateOIDCProviderRequest(
            oidcprovider_name="Corp.One", client_ids="third", issuance_limit_time=1, new_description="",
        )).body.oidcprovider
        assert (changed.client_ids, changed.issuance_limit_time, changed.description or "") == ("third", 1, "")
        client = {"oidcprovider_name": "Corp.One", "client_id": "fourth:4/x"}
        added = root.ims.add_client_id_to_oidcprovider(models.AddClientIdToOIDCProviderRequest(**client)).body
        assert added.oidcprovider.client_ids == "third,fourth:4/x"
        with refused(409, "EntityAlreadyExists.OIDCProvider.ClientId"):
            root.ims.add_client_id_to_oidcprovider(models.AddClientIdToOIDCProviderRequest(**client))
        remove = models.RemoveClientIdFromOIDCProviderRequest
        assert root.ims.remove_client_id_from_oidcprovider(remove(**client)).body.oidcprovider.client_ids == "third"
        with refused(404, "EntityNotExist.OIDCProvider.ClientId"):
            root.ims.remove_client_id_from_oidcprovider(remove(**client))
        with refused(400, "InvalidParameter.ClientId"):
            root.ims.remove_client_id_from_oidcprovider(remove(oidcprovider_name="Corp.One", client_id="third"))
        listed = root.ims.list_oidcproviders(models.ListOIDCProvidersRequest()).body
        assert listed.is_truncated is False
        assert "Corp.One" in {provider.oidcprovider_name for provider in listed.oidcproviders.oidcprovider}
        for name, url in (("corp.one", "https://login.example/other"), ("other", "https://login.example/one")):
            with refused(409, "EntityAlreadyExists.OIDCProvider"):
                oidc.provide(root, name, url)
        oidc.drop(root, "corp.one")
        with refused(404, "EntityNotExist.OIDCProvider"):
            root.ims.get_oidcprovider(get)

    def test_lists_come_in_pages(self, root: Cloud) -> None:
        names = [f"Page.{number}" for number in range(3)]
        for name in names:
            oidc.provide(root, name, f"https://pages.example/{name}")
        page = lambda marker: root.ims.list_oidcproviders(models.ListOIDCProvidersRequest(max_items=2, marker=marker)).body
        listed = ram.paged(page, lambda body: [provider.oidcprovider_name for provider in body.oidcproviders.oidcprovider], 2)
        assert [name for name in listed if name in names] == names
        for name in names:
            oidc.drop(root, name)

    def test_documented_errors(self, root: Cloud, account: str) -> None:
        for fields, code in (
            ({"name": ""}, "InvalidParameter.OIDCProviderName.Length"),
            ({"name": "x" * 129}, "InvalidParameter.OIDCProviderName.Length"),
            ({"name": "a b"}, "InvalidParameter.OIDCProviderName.InvalidChars"),
            ({"name": "-a"}, "InvalidParameter.OIDCProviderName.InvalidChars"),
            ({"url": "http://login.example"}, "InvalidParameter.IssuerUrl"),
            ({"url": "https://u@login.example"}, "InvalidParameter.IssuerUrl"),
            ({"url": "https://login.example/?x"}, "InvalidParameter.IssuerUrl"),
            ({"clients": ""}, "InvalidParameter.ClientIds"),
            ({"clients": "a,a"}, "InvalidParameter.ClientIds"),
            ({"clients": "a,,b"}, "InvalidParameter.ClientIds"),
            ({"clients": ",".join(f"c{number}" for number in range(21))}, "InvalidParameter.ClientIds"),
            ({"fingerprints": "not:hex"}, "InvalidParameter.Fingerprints"),
            ({"issuance_limit_time": 169}, "InvalidParameter.IssuanceLimitTime"),
            ({"description": "x" * 257}, "InvalidParameter.Description.Length"),
        ):
            with refused(400, code):
                oidc.provide(root, **({"name": "never", "url": "https://login.example/never"} | fields))
        with refused(400, "MalformedPolicyDocument"):
            ram.create_role(root, "oidc-none", ram.trust(f"acs:ram::{account}:oidc-provider/never", kind="Federated"))

    def test_who_lets_more_people_in_holds_what_they_get(self, world: World, root: Cloud) -> None:
        arn = oidc.provide(root, "widened", "https://login.example/widened")
        ram.create_role(root, "oidc-widened", ram.trust(arn, kind="Federated"))
        ram.attach_to_role(root, READ, "oidc-widened", "System")
        keeper = world.hire("oidc-keeper")
        ram.create_policy(root, "oidc-keeper", ram.statement("Allow", "ram:*OIDC*"))
        ram.attach(root, "oidc-keeper", "oidc-keeper")
        with refused(403, "NoPermission"):
            keeper.ims.add_client_id_to_oidcprovider(
                models.AddClientIdToOIDCProviderRequest(oidcprovider_name="widened", client_id="mine"))
        with refused(403, "NoPermission"):
            keeper.ims.update_oidcprovider(models.UpdateOIDCProviderRequest(oidcprovider_name="widened", client_ids="mine"))
        # What takes away is free, and a name that a role trusts is not made anew by whoever holds less.
        oidc.drop(keeper, "widened")
        with refused(403, "NoPermission"):
            oidc.provide(keeper, "widened", "https://evil.example")
        oidc.provide(keeper, "trusted-by-none", "https://login.example/none")
        oidc.drop(keeper, "trusted-by-none")


class TestTokens:
    """AssumeRoleWithOIDC."""

    @pytest.fixture(scope="class")
    def provider(self, world: World, issuer: Issuer) -> str:
        """The issuer's provider."""
        return oidc.provide(world.root, "issuer", issuer.url)

    @pytest.fixture(scope="class")
    def role(self, world: World, provider: str) -> str:
        """A role that reads RAM and trusts one audience and some subjects of the provider."""
        found = ram.create_role(world.root, "oidc-reader", ram.trust(provider, kind="Federated", condition=SUBJECT))
        ram.attach_to_role(world.root, READ, "oidc-reader", "System")
        return found.arn

    def test_a_token_takes_a_role(self, root: Cloud, anyone: Cloud, issuer: Issuer, provider: str, role: str) -> None:
        for key in ("rsa", "curve"):
            answer = oidc.ask(anyone, role, provider, issuer.token(key, aud=["other", "bailey"]), duration_seconds=900)
            told = answer.oidctoken_info
            assert (told.issuer, told.subject, told.client_ids) == (issuer.url, "repo:corp/app", "other,bailey")
            assert answer.assumed_role_user.arn == f"{role}/build-7"
            session = oidc.acting(anyone, answer)
            assert session.sts.get_caller_identity().body.arn == f"{role}/build-7"
            assert session.ram.list_users(ram_models.ListUsersRequest()).body.users.user
        assert issuer.fetched.count("/tenant/keys") == 1, "the keys are kept"
        records = root.ours("ListAuditRecords", maxResults="200")["records"]
        taken = [record for record in records if record["operation"] == "AssumeRoleWithOIDC"]
        assert any(record["actor"].startswith("oidc-provider:") and record["actor"].endswith(":repo_corp/app") for record in taken)

    def test_what_is_wrong_with_a_token_is_told(self, anyone: Cloud, issuer: Issuer, provider: str, role: str) -> None:
        now = int(time.time())
        good, other = issuer.token(), Issuer()
        other.close()
        for token, code in (
            (issuer.token(exp=now - 61), "Expired"),
            (issuer.token(iat=now - 12 * 3600 - 61), "Expired"),
            (issuer.token(aud="somebody"), "AudienceNotMatch"),
            (issuer.token(iss=issuer.url + "/"), "IssuerNotMatch"),
            (issuer.token(iss=None), "Invalid"),
            (issuer.token(sub=None), "Invalid"),
            (issuer.token(aud=None), "Invalid"),
            (issuer.token(exp=None), "Invalid"),
            (issuer.token(iat=None), "Invalid"),
            (issuer.token(nbf=now + 120), "Invalid"),
            (other.token(iss=issuer.url), "Invalid"),
            (good[:-8], "Invalid"),
            (good + "AAAA", "Invalid"),
            ("a-token-of-nobody", "Invalid"),
        ):
            with refused(400, f"AuthenticationFail.OIDCToken.{code}") as refusal:
                oidc.ask(anyone, role, provider, token)
            assert token not in str(refusal.body)
        for fields, code in (
            ({"oidctoken": "x" * 20001}, "InvalidParameter.OIDCToken"),
            ({"oidcprovider_arn": "issuer"}, "InvalidParameter.OIDCProviderArn"),
            ({"role_arn": "oidc-reader"}, "InvalidParameter.RoleArn"),
            ({"role_session_name": "x"}, "InvalidParameter.RoleSessionName"),
            ({"duration_seconds": 899}, "InvalidParameter.DurationSeconds"),
            ({"policy": "{}"}, "InvalidParameter.PolicyGrammar"),
        ):
            with refused(400, code):
                oidc.ask(anyone, role, provider, good, **fields)

    def test_who_is_not_trusted_learns_nothing_of_the_roles(self, anyone: Cloud, issuer: Issuer, provider: str, role: str) -> None:
        for wanted, token in (
            (role, issuer.token(sub="repo:other/app")),
            (role, issuer.token(aud="second")),
            (role.replace("oidc-reader", "oidc-absent"), issuer.token()),
        ):
            with refused(403, "AuthenticationFail.NoPermission") as refusal:
                oidc.ask(anyone, wanted, provider, token)
            assert refusal.message == "There is no permission"
        for name in ("absent", "issuer"):
            arn = provider.replace("issuer", name)
            if name == "issuer":
                arn = arn.replace(arn.split(":")[3], "1000000000000000")
            with refused(403, "AuthenticationFail.NoPermission") as refusal:
                oidc.ask(anyone, role, arn, issuer.token())
            assert refusal.message == "No such OIDC Provider registered."

    def test_redirects_are_not_followed(self, root: Cloud, anyone: Cloud) -> None:
        with closing(Issuer()) as moved, closing(Issuer()) as place:
            # There stands all that is looked for: whoever follows takes the role.
            place.documents = moved.documents
            moved.moved_to = place
            arn = oidc.provide(root, "moved", moved.url)
            role = ram.create_role(root, "oidc-moved", ram.trust(arn, kind="Federated"))
            with refused(400, "AuthenticationFail.OIDCToken.IssuerConfigurationBroken"):
                oidc.ask(anyone, role.arn, arn, moved.token())
            assert len(moved.fetched) == 1
            assert place.fetched == []
            with urllib.request.urlopen(moved.url + "/.well-known/openid-configuration") as followed:
                assert json.load(followed)["issuer"] == moved.url
            assert len(place.fetched) == 1

    def test_a_session_ends_with_client_id_and_provider(self, root: Cloud, anyone: Cloud, issuer: Issuer, provider: str, role: str) -> None:
        users = ram_models.ListUsersRequest()
        client = {"oidcprovider_name": "issuer", "client_id": "bailey"}
        session = oidc.acting(anyone, oidc.ask(anyone, role, provider, issuer.token()))
        root.ims.remove_client_id_from_oidcprovider(models.RemoveClientIdFromOIDCProviderRequest(**client))
        with refused(400, "InvalidSecurityToken.Expired"):
            session.ram.list_users(users)
        with refused(400, "AuthenticationFail.OIDCToken.AudienceNotMatch"):
            oidc.ask(anyone, role, provider, issuer.token())
        root.ims.add_client_id_to_oidcprovider(models.AddClientIdToOIDCProviderRequest(**client))
        session = oidc.acting(anyone, oidc.ask(anyone, role, provider, issuer.token()))
        session.ram.list_users(users)
        oidc.drop(root, "issuer")
        with refused(400, "InvalidSecurityToken.Expired"):
            session.ram.list_users(users)
        oidc.provide(root, "issuer", issuer.url)
        with refused(400, "InvalidSecurityToken.Expired"):
            session.ram.list_users(users)
        oidc.ask(anyone, role, provider, issuer.token())
