# Sourced by the install scripts: installs Debian packages, or says exactly what to run.

# install_packages PACKAGE...
install_packages() {
    [ $# -gt 0 ] || return 0
    local command="apt-get install --yes --no-install-recommends $*"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        # Without a terminal sudo must not ask.
        if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
            as_root=(sudo)
        else
            echo "$0: missing on this machine: $*; as root run: apt-get update && $command" >&2
            return 1
        fi
    fi
    if ! command -v apt-get >/dev/null; then
        echo "$0: missing on this machine: $* (Debian's names); install them and run this again" >&2
        return 1
    fi
    echo "installing $*"
    # An update that fails for one source may still have brought what is needed; the install says so if not.
    "${as_root[@]}" apt-get update --quiet=2 || true
    # shellcheck disable=SC2086 # the words of the command
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command --quiet=2
}
