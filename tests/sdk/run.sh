#!/bin/sh
# The vendors' official packages, unchanged, against the sandbox and the server: run.sh BUILD_DIRECTORY
# The packages are installed below the build directory, at the versions of package-lock.json, once for
# each of its versions. When the system's Node is too old for them, a pinned one is installed with them.
set -eu

source=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
work=$build/sdk

node_is_new_enough() {
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 22 ? 0 : 1)' 2>/dev/null
}

install() {
    stamp=$(cat "$source/package.json" "$source/package-lock.json" "$source/.npmrc" | sha256sum)
    [ "$(cat "$work/installed" 2>/dev/null)" = "$stamp" ] && return
    rm -rf "$work/installed" "$work/node_modules"
    cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$work/"
    omit=
    node_is_new_enough && omit=--omit=optional
    # No scripts: nothing that is installed runs before the tests do. The packages are checked by hash.
    (cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error $omit)
    echo "$stamp" >"$work/installed"
}

mkdir -p "$work"
install
rm -f "$work"/*.mjs
cp "$source"/*.mjs "$work/"

node=node
for pinned in "$work"/node_modules/node-linux-*/bin/node; do
    [ -x "$pinned" ] && node=$pinned
done
cd "$work"
exec env MOONLINE_BUILD="$build" MOONLINE_SOURCE="$(cd "$source/../.." && pwd)" \
    "$node" --test --test-concurrency=1 --test-reporter=spec "${2:-*.test.mjs}"
