"""RAM through the official TypeScript SDK, whose queries are encoded otherwise than Python's. The calls are in `typescript/life.cjs`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.ledger import LEDGER
from support.world import World

FOLDER = Path(__file__).parent / "typescript"
MODULES = Path(__file__).parent.parent / ".node" / "node_modules"


@pytest.fixture(scope="module")
def answers(world: World) -> dict[str, Any]:
    """What each call answered."""
    if not MODULES.is_dir():
        pytest.fail(f"{MODULES} is missing; make it: scripts/install-test-tools.sh", pytrace=False)
    environment = {
        name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not name.startswith("npm_")
    }
    environment |= {
        "NODE_PATH": str(MODULES), "BAILEY_CONTROL": world.server.control,
        "BAILEY_ACCESS_KEY_ID": world.root.access_key_id, "BAILEY_ACCESS_KEY_SECRET": world.root.access_key_secret,
    }
    done = subprocess.run(["node", FOLDER / "life.cjs"], capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    key = found["key"]["accessKey"]
    LEDGER.access_key("typescript-user", key["accessKeyId"], key["accessKeySecret"])
    for name, answer in found.items():
        if "code" in answer:
            LEDGER.error(f"TypeScript, {name}", answer["message"])
    return found


def test_what_is_good_is_done(answers: dict[str, Any]) -> None:
    refused = {"taken", "notYet", "noMore", "disabled", "gone", "impostor"}
    assert {name for name, answer in answers.items() if "code" in answer} == refused, answers
    assert all(answer["requestId"] for name, answer in answers.items() if name not in refused), answers
    assert answers["read"]["user"]["userId"] == answers["created"]["user"]["userId"]
    assert answers["read"]["user"]["comments"] == "a b+c*~é/'!()研发"
    assert len(answers["allowed"]["users"]["user"]) == 1
    assert [policy["policyName"] for policy in answers["policies"]["policies"]["policy"]] == ["typescript-policy"]


@pytest.mark.parametrize(("name", "status", "code", "message"), [
    ("taken", 409, "EntityAlreadyExists.User", "The user does already EXIST."),
    ("notYet", 403, "NoPermission", "You are not authorized to perform this action."),
    ("noMore", 403, "NoPermission", "You are not authorized to perform this action."),
    ("disabled", 400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
    ("gone", 404, "EntityNotExist.User", "The user does not exist."),
    ("impostor", 400, "SignatureDoesNotMatch", "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256"),
])
def test_what_is_not_is_refused(answers: dict[str, Any], name: str, status: int, code: str, message: str) -> None:
    answer = answers[name]
    assert (answer["status"], answer["code"]) == (status, code), answer
    assert message in answer["message"], answer
