#!/usr/bin/env bash
# Installs what `make bench` needs and the machine lacks: nginx to compare with, wrk to load both, a C compiler to build.
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
