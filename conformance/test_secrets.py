"""After everything else: no secret that the tests used stands in clear in a log, in a file of the data directory, or in an error body."""

import base64
from contextlib import closing
from pathlib import Path

import openai
import pytest
from alibabacloud_ims20190815 import models as ims
from alibabacloud_ram20150501 import models
from alibabacloud_ram20150501.models import ListUsersRequest

from support import gateway, oidc, ram, raw, studio
from support.cloud import Cloud
from support.issuer import Issuer
from support.ledger import LEDGER
from support.refusals import key_refused, not_permitted, refused, taken
from support.sessions import not_signed_in, sign_in, try_to_sign_in
from support.world import World

pytestmark = pytest.mark.last

MARK = "secret-search-user"
PASSWORD = "Password-of-the-search-1"
CREDENTIAL = "sk-credential-of-the-secret-search"


@pytest.fixture(scope="module")
def used(world: World) -> World:
    """Uses each kind of secret once more, well and badly, so that this file means something when it runs alone."""
    user = world.hire(MARK)
    with not_permitted("ram:ListUsers"):
        user.ram.list_users(ListUsersRequest())
    wrong = LEDGER.secret("wrong access key secret", user.access_key_secret[::-1])
    with refused(400, "SignatureDoesNotMatch"):
        Cloud(world.server.control, user.access_key_id, wrong).sts.get_caller_identity()

    LEDGER.secret("password of the search", PASSWORD)
    world.root.ram.create_login_profile(models.CreateLoginProfileRequest(user_name=MARK, password=PASSWORD))
    with refused(400, "InvalidParameter.Password.TooWeak"):
        world.root.ram.update_login_profile(models.UpdateLoginProfileRequest(user_name=MARK, password=LEDGER.secret("weak password", "weak-and-long")))
    session = sign_in(world.server.control, MARK, PASSWORD)
    not_signed_in(try_to_sign_in(world.server.control, MARK, PASSWORD[::-1]))
    assert session.ram("ChangePassword", OldPassword=PASSWORD, NewPassword=LEDGER.secret("weak password", "weak-and-longer")).status == 400
    device = world.root.ram.create_virtual_mfadevice(models.CreateVirtualMFADeviceRequest(virtual_mfadevice_name="search")).body
    seed = LEDGER.secret("seed of the search", device.virtual_mfadevice.base_32string_seed)
    LEDGER.secret("seed of the search in hexadecimal", base64.b32decode(seed).hex())
    with refused(403, "CheckAuthenticationCodeFail"):
        world.root.ram.bind_mfadevice(models.BindMFADeviceRequest(
            user_name=MARK, serial_number=device.virtual_mfadevice.serial_number, authentication_code_1="000000", authentication_code_2="000000",
        ))

    use_a_service_credential(world)
    use_roles(world)

    LEDGER.secret("provider credential of the search", CREDENTIAL)
    body = {"name": "search", "dialect": "openai", "baseUrl": world.upstream.base_url, "apiKey": CREDENTIAL, "allowPrivate": True}
    world.root.ours("CreateProvider", body=body)
    with taken():
        world.root.ours("CreateProvider", body=body)
    world.put_model("search-model", "A model of the secret search", "search")

    key = studio.create_key(world.root, None, "of the secret search")
    caller = gateway.client(world.server.gateway, key.api_key_value)
    assert gateway.say(caller, "search-model").choices
    with pytest.raises(openai.NotFoundError) as caught:
        gateway.say(caller, "no-such-model")
    LEDGER.error("gateway", caught.value.response.text)
    with key_refused():
        gateway.say(gateway.client(world.server.gateway, key.api_key_value[:-1] + "!"))
    return world


def use_a_service_credential(world: World) -> None:
    """One that opens Model Studio and nothing else."""
    made = world.root.ims.create_service_credential(ims.CreateServiceCredentialRequest(
        user_principal_name=MARK, service_name="bailian", service_credential_name="search",
    )).body.service_credential
    LEDGER.service_credential(MARK, made.service_credential_id, made.service_credential_secret)
    good = raw.basic(Cloud(world.server.control, made.service_credential_id, made.service_credential_secret))
    assert raw.send(world.server.control, "GET", "/modelstudio/workspaces", headers=good).status == 200
    assert raw.send(world.server.control, "GET", "/?Action=ListUsers&Version=2015-05-01", headers=good).status == 403
    wrong = LEDGER.secret("wrong service credential secret", made.service_credential_secret[::-1])
    bad = raw.basic(Cloud(world.server.control, made.service_credential_id, wrong))
    LEDGER.secret("wrong Basic credential", bad["authorization"].removeprefix("Basic "))
    refused_one = raw.send(world.server.control, "GET", "/modelstudio/workspaces", headers=bad)
    assert raw.check_roa_error(refused_one)["code"] == "InvalidServiceCredential.Secret"


def use_roles(world: World) -> None:
    """A role taken by a user, and one taken with a token of an issuer."""
    root = world.root
    ram.attach(root, "AliyunSTSAssumeRoleAccess", MARK, "System")
    own = ram.create_role(root, "search", ram.trust(f"acs:ram::{world.account.account_id}:root"))
    session = ram.take(world.person(MARK), own.arn, MARK)
    assert session.sts.get_caller_identity().body.identity_type == "AssumedRoleUser"
    with not_permitted("ram:ListUsers"):
        session.ram.list_users(ListUsersRequest())
    wrong = LEDGER.secret("wrong security token", session.security_token[:-1])
    with refused(400, "InvalidSecurityToken.Malformed"):
        Cloud(world.server.control, session.access_key_id, session.access_key_secret, wrong).sts.get_caller_identity()
    with closing(Issuer()) as issuer:
        provider = oidc.provide(root, "search", issuer.url)
        foreign = ram.create_role(root, "search-oidc", ram.trust(provider, kind="Federated"))
        anyone = Cloud(world.server.control, "nobody", "nothing")
        assert oidc.ask(anyone, foreign.arn, provider, issuer.token()).oidctoken_info.issuer == issuer.url
        with refused(400, "AuthenticationFail.OIDCToken.Expired"):
            oidc.ask(anyone, foreign.arn, provider, issuer.token(exp=1))


def found_in(path: Path) -> list[str]:
    """What each secret is that stands in a file. The values themselves are not shown."""
    content = path.read_bytes()
    return [what for what, value in LEDGER.secrets.items() if value.encode() in content]


def test_the_search_would_find_something(used: World) -> None:
    """The name of a user is no secret: it stands in the database, and so would a secret."""
    assert any(MARK.encode() in path.read_bytes() for path in used.server.files() if path.is_relative_to(used.server.data))
    assert used.server.log_path.stat().st_size > 0
    assert LEDGER.error_bodies
    kinds = (
        "access key secret of root", "API key", "provider credential", "password of", "seed of", "session of",
        "service credential secret of", "role session secret of", "security token of", "OIDC token",
    )
    assert all(any(what.startswith(kind) for what in LEDGER.secrets) for kind in kinds), sorted(LEDGER.secrets)


def test_no_secret_stands_in_a_file(used: World) -> None:
    """Database, write-ahead log, key files and logs."""
    leaks = {str(path): found for path in used.server.files() if (found := found_in(path))}
    assert leaks == {}


@pytest.mark.usefixtures("used")
def test_no_secret_stands_in_an_error_body() -> None:
    leaks = [(where, what) for where, text in LEDGER.error_bodies for what, value in LEDGER.secrets.items() if value in text]
    assert leaks == []
