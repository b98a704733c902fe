"""One server for the whole run, the world that its tests share, and the rule that a failed step of the story stops the steps after it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import Clients
from support.cloud import Cloud
from support.server import Server
from support.upstream import Upstream
from support.world import World

FAILED_STEP = pytest.StashKey[str]()
SERVER = pytest.StashKey[Server]()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Server:
    """A server that is not started yet; `world` starts and stops it."""
    binary = os.environ.get("BAILEY_BINARY")
    if not binary:
        pytest.exit("BAILEY_BINARY is not set; run conformance/run PATH_TO_BAILEY", returncode=2)
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        os.environ.pop(variable, None)  # the vendor's client sends even loopback calls to a proxy, whatever NO_PROXY says
    found = Server(Path(binary), tmp_path_factory.mktemp("bailey"))
    pytestconfig.stash[SERVER] = found
    return found


@pytest.fixture(scope="session")
def world(server: Server) -> Iterator[World]:
    """A new account on a running server, with providers and models."""
    account = server.initialise()
    server.start()
    upstream = Upstream()
    try:
        root = Cloud(server.control, account.access_key_id, account.access_key_secret)
        world = World(server=server, account=account, upstream=upstream, root=root)
        world.furnish()
        yield world
    finally:
        upstream.close()
        server.stop()


@pytest.fixture(scope="session")
def clients(world: World) -> Iterator[Clients]:
    """The workspace that SDKs call models in."""
    found = Clients(world)
    try:
        found.furnish()
        yield found
    finally:
        found.talker.close()


@pytest.fixture
def root(world: World) -> Cloud:
    """The account itself."""
    return world.root


@pytest.fixture(scope="session")
def account(world: World) -> str:
    """The account's id."""
    return world.account.account_id


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story first, in order; what inspects the remains last."""
    items.sort(key=lambda item: (item.get_closest_marker("last") is not None, item.get_closest_marker("story") is None))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A step that builds on a failed one would only repeat its failure."""
    failed = item.config.stash.get(FAILED_STEP, None)
    if failed and item.get_closest_marker("story"):
        pytest.skip(f"an earlier step of the story failed: {failed}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Notes the first failed step, and shows with each failure what the server printed last."""
    report = yield
    if report.failed:
        if item.get_closest_marker("story") and FAILED_STEP not in item.config.stash:
            item.config.stash[FAILED_STEP] = item.name
        if SERVER in item.config.stash:
            report.sections.append(("the server's log, last lines", item.config.stash[SERVER].log_tail()))
    return report
