#!/usr/bin/env bash
# Installs what `make test` needs and the machine lacks: a C compiler, PostgreSQL, nginx, Python and Node.js, and the official clients in
# `.venv` and `.node`.
# Quick and silent when all is there; asks for nothing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

has_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1
}

# The first Python on PATH that can make a virtual environment, else Debian's own.
find_python() {
    local candidate
    for candidate in python3 /usr/bin/python3; do
        if has_python "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# PostgreSQL 15 or newer, where Debian puts it, or on PATH.
has_postgres() {
    local binary
    for binary in /usr/lib/postgresql/*/bin/initdb; do
        [ -x "$binary" ] && [ "$(basename "$(dirname "$(dirname "$binary")")")" -ge 15 ] && return 0
    done
    command -v initdb >/dev/null && command -v postgres >/dev/null && command -v psql >/dev/null
}

has_node() {
    node -e 'if (parseInt(process.versions.node) < 18) process.exit(1)' >/dev/null 2>&1
}

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v pkg-config >/dev/null || missing+=(pkg-config)
command -v curl >/dev/null || missing+=(curl ca-certificates)
command -v setpriv >/dev/null || missing+=(util-linux)
has_postgres || missing+=(postgresql)
# Debian puts nginx into /usr/sbin, which is not on everybody's PATH.
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
find_python >/dev/null || missing+=(python3 python3-venv)
has_node || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
install_packages "${missing[@]}"
has_node || { echo "$0: no Node.js 18 or newer" >&2; exit 1; }

requirements=conformance/requirements.txt
if [ ! -f "$requirements" ]; then
    echo "$0: $requirements is missing; it names the clients that the conformance tests use" >&2
    exit 1
fi
python=$(find_python) || { echo "$0: no Python 3.9 or newer with the modules venv and ensurepip" >&2; exit 1; }

# The environment is made again when the requirements or the interpreter change, and when an earlier attempt broke off.
stamp=$({ sha256sum <"$requirements"; "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum | cut -d ' ' -f 1)
if [ "$(cat .venv/stamp 2>/dev/null || true)" != "$stamp" ] || ! .venv/bin/python -c '' >/dev/null 2>&1; then
    echo "making .venv from $requirements"
    rm -rf .venv
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement "$requirements"
    echo "$stamp" >.venv/stamp
fi

# The same for the clients for Node.js. Their packages may not run anything when they are installed.
lock=conformance/typescript/package-lock.json
stamp=$({ sha256sum <"$lock"; node --version; } | sha256sum | cut -d ' ' -f 1)
if [ "$(cat .node/stamp 2>/dev/null || true)" != "$stamp" ]; then
    echo "making .node from $lock"
    rm -rf .node
    mkdir .node
    cp conformance/typescript/package.json "$lock" .node
    (cd .node && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error)
    echo "$stamp" >.node/stamp
fi
