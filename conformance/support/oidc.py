"""OIDC providers, and roles that are taken with the tokens of their issuers, through the official IMS and STS SDKs."""

from alibabacloud_ims20190815 import models
from alibabacloud_sts20150401 import models as sts

from support.cloud import Cloud
from support.ledger import LEDGER


def provide(root: Cloud, name: str, url: str, clients: str = "bailey,second", **fields: object) -> str:
    """Makes a provider known and gives its ARN."""
    request = models.CreateOIDCProviderRequest(oidcprovider_name=name, issuer_url=url, client_ids=clients, **fields)
    return root.ims.create_oidcprovider(request).body.oidcprovider.arn


def drop(root: Cloud, name: str) -> None:
    """Deletes a provider."""
    root.ims.delete_oidcprovider(models.DeleteOIDCProviderRequest(oidcprovider_name=name))


def ask(anyone: Cloud, role: str, provider: str, token: str, **fields: object) -> sts.AssumeRoleWithOIDCResponseBody:
    """Takes a role with a token. Nothing of the caller's key is sent: the SDK calls anonymously."""
    sent = {"role_arn": role, "oidcprovider_arn": provider, "oidctoken": token, "role_session_name": "build-7"} | fields
    LEDGER.secret("OIDC token", sent["oidctoken"])
    answer = anyone.sts.assume_role_with_oidc(sts.AssumeRoleWithOIDCRequest(**sent)).body
    LEDGER.session("an OIDC provider", answer.credentials.access_key_secret, answer.credentials.security_token)
    return answer


def acting(anyone: Cloud, answer: sts.AssumeRoleWithOIDCResponseBody) -> Cloud:
    """The clients of the session."""
    credentials = answer.credentials
    return Cloud(anyone.control, credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
