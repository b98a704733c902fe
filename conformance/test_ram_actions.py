"""Every action of the official RAM client is one that the server knows."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_ram20150501.client import Client
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.runtime import RuntimeOptions

from support import raw
from support.cloud import Cloud
from support.world import World

UNKNOWN = "InvalidApi.NotFound"

Method = Callable[..., Any]


def actions() -> dict[str, Method]:
    """The client's methods by the action that they call."""
    methods = inspect.getmembers(Client, inspect.isfunction)
    plain = [method for name, method in methods if name.endswith("_with_options")]
    return {re.findall(r"action = '(\w+)'", inspect.getsource(method))[0]: method for method in plain}


def answer_to(cloud: Cloud, method: Method) -> str:
    """Calls a method with an empty request. The code of the refusal; empty where it was done."""
    parameters = list(inspect.signature(method, eval_str=True).parameters.values())[1:]
    arguments = [RuntimeOptions() if parameter.name == "runtime" else parameter.annotation() for parameter in parameters]
    try:
        method(cloud.ram, *arguments)
    except ClientException as refusal:
        return refusal.code
    return ""


@pytest.fixture(scope="module")
def nobody(world: World) -> Cloud:
    """A user who may do nothing, so that asking for everything changes nothing."""
    return world.hire("actions-nobody")


def test_the_client_has_69_actions() -> None:
    assert len(actions()) == 69


def test_every_action_is_known(nobody: Cloud) -> None:
    codes = {action: answer_to(nobody, method) for action, method in actions().items()}
    assert UNKNOWN not in codes.values(), codes
    for action, code in codes.items():
        assert code == "NoPermission" or code.startswith("MissingParameter"), f"{action}: {code!r}"


def test_an_action_that_nobody_has_is_not_known(world: World, nobody: Cloud) -> None:
    target = "/?Action=CreateNothing&Version=2015-05-01"
    answer = raw.send(world.server.control, "POST", target, headers=raw.basic(nobody))
    assert (answer.status, raw.check_rpc_error(answer)["Code"]) == (404, UNKNOWN)
