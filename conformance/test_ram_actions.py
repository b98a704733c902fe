"""Every action of the official RAM client is one that the server knows."""


import pytest
from alibabacloud_ram20150501.client import Client

from support import raw
from support.cloud import Cloud, actions_of, answer_to
from support.world import World

UNKNOWN = "InvalidApi.NotFound"

@pytest.fixture(scope="module")
def nobody(world: World) -> Cloud:
    """A user who may do nothing, so that asking for everything changes nothing."""
    return world.hire("actions-nobody")


def test_the_client_has_69_actions() -> None:
    assert len(actions_of(Client)) == 69


def test_every_action_is_known(nobody: Cloud) -> None:
    codes = {action: answer_to(nobody.ram, method) for action, method in actions_of(Client).items()}
    assert UNKNOWN not in codes.values(), codes
    for action, code in codes.items():
        assert code == "NoPermission" or code.startswith("MissingParameter"), f"{action}: {code!r}"


def test_an_action_that_nobody_has_is_not_known(world: World, nobody: Cloud) -> None:
    target = "/?Action=CreateNothing&Version=2015-05-01"
    answer = raw.send(world.server.control, "POST", target, headers=raw.basic(nobody))
    assert (answer.status, raw.check_rpc_error(answer)["Code"]) == (404, UNKNOWN)
