"""The official Alibaba Cloud clients of one access key, pointed at a bailey server."""

import inspect
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import quote

from alibabacloud_ims20190815.client import Client as ImsClient
from alibabacloud_modelstudio20260210.client import Client as ModelStudioClient
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.client import Client as OpenApiClient
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from support.calls import noted
from support.operations import OPERATIONS, VERSION

Method = Callable[..., Any]


def actions_of(client: type[OpenApiClient]) -> dict[str, Method]:
    """The methods of a product's client by the action that they call."""
    methods = inspect.getmembers(client, inspect.isfunction)
    plain = [method for name, method in methods if name.endswith("_with_options")]
    return {re.findall(r"action = '(\w+)'", inspect.getsource(method))[0]: method for method in plain}


def answer_to(client: OpenApiClient, method: Method) -> str:
    """Calls a method of a client with an empty request. The code of the refusal; empty where it was done."""
    parameters = list(inspect.signature(method, eval_str=True).parameters.values())[1:]
    arguments = [RuntimeOptions() if parameter.name == "runtime" else parameter.annotation() for parameter in parameters]
    try:
        method(client, *arguments)
    except ClientException as refusal:
        return refusal.code
    return ""


class Cloud:
    """One caller of the control API: an access key, and the clients that sign with it."""

    def __init__(self, control: str, access_key_id: str, access_key_secret: str, security_token: str | None = None):
        self.control = control
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self.security_token = security_token

    @cached_property
    def ram(self) -> RamClient:
        """RAM 2015-05-01: users, access keys, policies."""
        return noted("ram", RamClient(self._config()))

    @cached_property
    def ims(self) -> ImsClient:
        """IMS 2019-08-15: users by logon name, OIDC providers, and what RAM does not have."""
        return noted("ims", ImsClient(self._config()))

    @cached_property
    def sts(self) -> StsClient:
        """STS 2015-04-01: who am I."""
        return noted("sts", StsClient(self._config()))

    @cached_property
    def studio(self) -> ModelStudioClient:
        """ModelStudio 2026-02-10: workspaces, API keys, model permissions and limits."""
        return ModelStudioClient(self._config())

    def ours(self, operation: str, *, body: dict[str, Any] | None = None, form: bool = False, **arguments: str) -> dict[str, Any]:
        """Calls one of bailey's own operations and answers its body.

        Arguments that the operation's path names go there, the others into the query. The body travels as JSON, or with
        `form=True` flattened as the vendor's own SDKs send theirs.
        """
        method, template = OPERATIONS[operation]
        in_path = re.findall(r"{(\w+)}", template)
        path = template.format(**{name: quote(arguments.pop(name), safe="") for name in in_path})
        params = Params(
            action=operation, version=VERSION, protocol="HTTP", pathname=path, method=method, auth_type="AK",
            style="ROA", req_body_type="formData" if form else "json", body_type="json",
        )
        request = OpenApiRequest(headers={}, query={name: str(value) for name, value in arguments.items()}, body=body)
        answer = self._generic.call_api(params, request, RuntimeOptions())["body"]
        assert answer["requestId"], f"{operation} answered without a requestId: {answer}"
        return answer

    def rpc(self, action: str, version: str = "2015-05-01", **query: str) -> dict[str, Any]:
        """Calls an action of RAM with parameters that the product's own client does not have."""
        params = Params(
            action=action, version=version, protocol="HTTP", pathname="/", method="POST", auth_type="AK",
            style="RPC", req_body_type="formData", body_type="json",
        )
        return self._generic.call_api(params, OpenApiRequest(query=query), RuntimeOptions())["body"]

    @cached_property
    def _generic(self) -> OpenApiClient:
        """The client under every product SDK, for operations that no product SDK has."""
        return OpenApiClient(self._config())

    def _config(self) -> Config:
        return Config(
            access_key_id=self.access_key_id, access_key_secret=self.access_key_secret, security_token=self.security_token,
            endpoint=self.control, protocol="http", region_id="local",
        )
