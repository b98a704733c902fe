"""Runs scripts of `typescript/` with the clients that are installed in `.node`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "typescript"
MODULES = FOLDER.parent.parent / ".node" / "node_modules"


def run(script: str, environment: dict[str, str] | None = None, given: object = None) -> Any:
    """What a script prints, which is JSON. Secrets reach it by the environment or by its input, which no list of processes shows."""
    if not MODULES.is_dir():
        pytest.fail(f"{MODULES} is missing; make it: scripts/install-test-tools.sh", pytrace=False)
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not name.startswith("npm_")}
    done = subprocess.run(
        ["node", FOLDER / script], capture_output=True, text=True, timeout=60, check=False, input=json.dumps(given),
        env=kept | (environment or {}) | {"NODE_PATH": str(MODULES)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
