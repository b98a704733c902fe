#!/usr/bin/env bash
# Installs what `make nightly` needs beyond `make test` and the machine lacks: cargo-fuzz, and a C++ compiler for the fuzzer.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh

missing=()
command -v c++ >/dev/null || missing+=(build-essential)
install_packages "${missing[@]}"
cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --version 0.13.2 cargo-fuzz
