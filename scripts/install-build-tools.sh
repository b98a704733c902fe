#!/usr/bin/env bash
# Installs what a build needs besides Rust and the machine lacks: a C compiler, for the embedded SQLite and for ring.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

missing=()
command -v cc >/dev/null || missing+=(build-essential)
install_packages "${missing[@]}"
