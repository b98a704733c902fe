#!/usr/bin/env bash
# Installs what `make bench` needs and the machine lacks: nginx to compare with, wrk to load both, a C compiler to build,
# LiteLLM to compare with.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v pkg-config >/dev/null || missing+=(pkg-config)
# Debian puts nginx into /usr/sbin, which is not on everybody's PATH.
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx)
command -v wrk >/dev/null || missing+=(wrk)
install_packages "${missing[@]}"

# Into an environment of its own, only where Python has one and PyPI can be reached: the benchmark says so when it is not there.
litellm="${CARGO_TARGET_DIR:-target}/litellm"
if [ ! -x "$litellm/bin/litellm" ]; then
    echo "installing litellm into $litellm"
    if ! { python3 -m venv "$litellm" && "$litellm/bin/pip" install --quiet 'litellm[proxy]'; }; then
        rm -rf "$litellm"
        echo "$0: LiteLLM cannot be installed (it needs python3-venv and PyPI); its benchmark is left out" >&2
    fi
fi
