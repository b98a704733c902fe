"""At the end of a whole run: whether the official clients were refused everything that `docs/ram-errors.md` lists, in its words, and whether
they did everything that they can do. Alone it fails: it asks about the tests before it."""

import importlib
import pkgutil
from collections.abc import Iterable

import aliyunsdkram.request.v20150501 as old_requests
import pytest
from alibabacloud_ram20150501.client import Client as RamClient

from support import ram_errors
from support.calls import CALLS, Refused
from support.cloud import actions_of, answer_to
from support.ram_errors import BETWEEN_ACCOUNTS, BY_ACTION, NEVER, RAM, STS, Sentence
from support.world import World

pytestmark = pytest.mark.last

ANY = "any"
RAM_ACTIONS = actions_of(RamClient).keys()


def documented() -> set[tuple[str, str]]:
    """Every error of every action."""
    return {(action, code) for action, codes in BY_ACTION.items() for code in codes}


def sentences(refusal: Refused) -> dict[str, Sentence]:
    """What the errors of the action's service say."""
    return STS if refusal.action.startswith("AssumeRole") else RAM


def provoked() -> set[tuple[str, str]]:
    """What the clients were refused."""
    return {(refusal.action, refusal.code) for refusal in CALLS.refused}


def test_each_table_has_the_errors_of_the_others() -> None:
    for action, code in documented() - NEVER:
        table = STS if action == "AssumeRole" else RAM
        assert code in table, f"{ram_errors.PAGE} has no sentence of {code}"
    assert documented() >= NEVER | BETWEEN_ACCOUNTS.keys()
    for (_, code), path in BETWEEN_ACCOUNTS.items():
        assert f'"{code}"' in path.read_text(), path
    named = {code for _, code in documented()}
    assert named >= RAM.keys() | STS.keys()


def test_every_documented_error_was_provoked() -> None:
    missing = documented() - NEVER - BETWEEN_ACCOUNTS.keys() - provoked()
    anywhere = {code for _, code in provoked()}
    missing -= {(action, code) for action, code in missing if action == ANY and code in anywhere}
    assert not missing, "\n".join(f"{action}: {code}" for action, code in sorted(missing))


def test_what_is_listed_as_never_answered_never_was() -> None:
    codes = {code for action, code in NEVER if action == ANY}
    assert not NEVER & provoked()
    assert not codes & {code for _, code in provoked()}


def test_every_refusal_is_in_the_documented_words() -> None:
    wrong = [
        refusal for refusal in CALLS.refused
        if refusal.action in RAM_ACTIONS | {"AssumeRole"} and (sentence := sentences(refusal).get(refusal.code))
        and not sentence.is_of(refusal.status, refusal.message)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def old_actions() -> Iterable[str]:
    """The actions of the older SDK."""
    for module in pkgutil.iter_modules(old_requests.__path__):
        source = importlib.import_module(f"{old_requests.__name__}.{module.name}")
        yield getattr(source, module.name)().get_action_name()


CLIENTS = ["ram", "sts", "ims", "old ram", "typescript ram"]
SERVICE_LINKED = {"CreateServiceLinkedRole", "DeleteServiceLinkedRole", "GetServiceLinkedRoleTemplate"}


@pytest.fixture(scope="module")
def offered(world: World) -> dict[str, set[str]]:
    """The actions of each client that bailey knows, but for those which it only knows to say that they are not supported."""
    nobody = world.hire("documented-nobody")
    known = {
        name: {action for action, method in actions_of(type(client)).items() if answer_to(client, method) != "InvalidApi.NotFound"}
        for name, client in [("ram", nobody.ram), ("sts", nobody.sts), ("ims", nobody.ims)]
    }
    assert known["ram"] == actions_of(RamClient).keys()
    known |= {"old ram": set(old_actions()), "typescript ram": known["ram"]}
    return {name: actions - SERVICE_LINKED for name, actions in known.items()}


@pytest.mark.parametrize("client", CLIENTS)
def test_the_client_did_everything_that_it_can(offered: dict[str, set[str]], client: str) -> None:
    done = CALLS.done_by(client)
    assert done == offered[client], f"never done: {sorted(offered[client] - done)}; not offered: {sorted(done - offered[client])}"
