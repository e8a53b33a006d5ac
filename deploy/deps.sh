#!/bin/sh
# Installs the Debian 12 packages that building, testing and the demo need, and only those that are
# missing. Run it as root or as a user who may use sudo. With everything in place it changes nothing
# and needs no rights. `deploy/deps.sh --list` prints the packages with the reason for each.
set -eu

packages() {
    cat <<'LIST'
gcc                           the release compiler
libc6-dev                     C headers
make                          the thin front in Makefile
cmake                         the build
ninja-build                   the build's engine
pkg-config                    finds the libraries below
clang                         compiler of the checked build
libclang-rt-14-dev            run-time part of ASan, UBSan and libFuzzer
python3                       the layer check in tests/tools
python3-yaml                  reads rules and their tests in tests/operations
libluajit-5.1-dev             tenant scripts
lua-cjson-dev                 JSON for scripts, and the oracle of its tests
libuv1-dev                    event loops
libwebsockets-dev             HTTP server and WebSockets
libwebsockets-evlib-uv        libwebsockets on our libuv loops
libcurl4-openssl-dev          HTTP client
libssl-dev                    hashes and signatures
libjansson-dev                JSON in C
libzstd-dev                   captured calls, packed
libsodium-dev                 and sealed
uthash-dev                    hash maps in C
libpq-dev                     Postgres client
libsqlite3-dev                the journal between calls and Postgres
postgresql-15                 Postgres server for the demo and the tests
libspandsp-dev                G.711, concealment, DTMF
libspeexdsp-dev               resampling
libwebrtc-audio-processing-dev  voice activity detection
libespeak-ng-dev              the sandbox's voice
espeak-ng                     speech for the tests that fail allocations
espeak-ng-data                the voice's data
libpocketsphinx-dev           the sandbox's ears
libsphinxbase-dev             part of the ears
pocketsphinx-en-us            the ears' acoustic model
libcmocka-dev                 test framework
nodejs                        the vendors' official packages, in tests/sdk
npm                           installs them
openssl                       certificates of tests
curl                          the demo waits for its parts with it
ca-certificates               whom TLS clients trust
prometheus                    promtool, which reads /metrics in tests
nginx-light                   a proxy to put in front, and its test
haproxy                       the other one
procps                        the benchmarks find their helpers with it
tzdata                        business hours in local time
LIST
}

say() {
    echo "deps: $*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Packages of Node from elsewhere bring their own npm, and stand against Debian's.
is_there() {
    [ "$1" = npm ] && command -v npm >/dev/null && return
    status=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)
    [ "$status" = installed ]
}

missing() {
    packages | while read -r name why; do
        is_there "$name" || echo "$name"
    done
}

# Runs a command with the rights that apt-get needs.
privileged() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt() {
    privileged env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# Whether apt-get could install these without fetching new package lists first.
lists_know() {
    apt-get -q -s --no-install-recommends install "$@" >/dev/null 2>&1
}

install() {
    for name in "$@"; do
        say "  $(packages | awk -v name="$name" '$1 == name')"
    done
    case " $* " in *" postgresql-15 "*)
        say "note: Debian's postgresql-15 may set up a cluster of its own on port 5432;"
        say "      Moonline does not use it: deploy/private-postgres.sh runs a separate one"
        ;;
    esac
    lists_know "$@" || apt update
    # Old lists name package files that the mirror has replaced since: fetch lists, try once more.
    apt install -y --no-install-recommends "$@" || {
        apt update
        apt install -y --no-install-recommends "$@"
    }
}

[ "${1:-}" = --list ] && { packages; exit 0; }
command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this is no Debian; install by hand: $(packages | awk '{ printf "%s ", $1 }')"

wanted=$(missing)
if [ -z "$wanted" ]; then
    say "all packages are installed"
    exit 0
fi
wanted=$(echo "$wanted" | tr '\n' ' ')
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "packages are missing and there is no sudo; as root run:
    apt-get update && apt-get install -y --no-install-recommends $wanted"
fi
say "installing $(echo "$wanted" | wc -w) of $(packages | wc -l) packages, with what they depend on:"
# shellcheck disable=SC2086
install $wanted
wanted=$(missing)
[ -z "$wanted" ] || fail "still missing: $(echo "$wanted" | tr '\n' ' ')"
say "done"
