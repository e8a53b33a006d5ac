#!/usr/bin/env bash
# A private Postgres 15 for the demo and the tests, apart from any other server of this machine.
#
#   private-postgres.sh start [--fast] DIR   start it (made at the first start); prints DATABASE_URL
#   private-postgres.sh stop DIR             stop it; the data stays
#   private-postgres.sh url [--tcp|--superuser] DIR   print a URL again
#   private-postgres.sh crash DIR            kill it without a goodbye (for tests)
#   private-postgres.sh remove DIR           stop it and delete DIR
#
# Every verb may be repeated. Who may connect: over the unix socket whoever can open its folder (its
# owner and root), over loopback TCP whoever knows the generated password, which libpq reads from
# DIR/pgpass; URLs carry no secret. --fast gives up safety against power loss, which tests need not have.
# MOONLINE_POSTGRES_TEMPLATE names a folder for what initdb makes: tests, which start dozens, copy it.
#
# Postgres refuses to run as root: then it runs as the user `postgres` (MOONLINE_POSTGRES_USER names
# another). When that user cannot reach DIR (a checkout below /root) or the socket's path would be too
# long, the files live in a folder below /var/tmp whose name DIR/home keeps.
set -euo pipefail
export LC_ALL=C

fail() {
    echo "private-postgres: $*" >&2
    exit 1
}

usage() {
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

verb=${1:-}
[ $# -ge 2 ] || usage
shift
fast=false
url_kind=socket
while [ $# -gt 1 ]; do
    case $1 in
    --fast) fast=true ;;
    --tcp) url_kind=tcp ;;
    --superuser) url_kind=superuser ;;
    *) usage ;;
    esac
    shift
done
[ -n "$1" ] || usage
source_dir=$(cd "$(dirname "$0")/.." && pwd)
[ "$verb" != start ] || mkdir -p "$(dirname "$1")"
[ -d "$(dirname "$1")" ] || case $verb in stop | remove) exit 0 ;; *) fail "$1 does not exist" ;; esac
dir=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")

find_binaries() {
    local found
    for found in "${PG_BIN:-}" /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
        [ -n "$found" ] && [ -x "$found/initdb" ] && { echo "$found"; return; }
    done
    fail "no Postgres server found: run make deps"
}

# The user the server runs as.
find_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
        return
    fi
    local user
    for user in "${MOONLINE_POSTGRES_USER:-}" postgres moonline; do
        [ -n "$user" ] && id "$user" >/dev/null 2>&1 && { echo "$user"; return; }
    done
    useradd --system --no-create-home --shell /usr/sbin/nologin moonline ||
        fail "cannot create the user moonline to run Postgres as"
    echo moonline
}

# Runs a command as the server's user, without this shell's lock.
as_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@" 9>&-
    else
        (cd / && setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups \
            env HOME=/nonexistent PATH="$PATH" LC_ALL=C "$@" 9>&-)
    fi
}

# The folder with the server's files, recorded in DIR/home: DIR/server where that can be.
find_home() {
    if [ -f "$dir/home" ]; then
        home=$(cat "$dir/home")
        [ -d "$home" ] && return
        echo "private-postgres: $home is gone, starting with an empty database" >&2
    fi
    home=$dir/server
    mkdir -p "$home"
    chown "$user" "$home"
    chmod 700 "$home"
    if [ ${#home} -gt 70 ] || ! as_user test -w "$home"; then
        rmdir "$home"
        home=$(mktemp -d /var/tmp/moonline-postgres-XXXXXX)
        chown "$user" "$home"
    fi
    echo "$home" >"$dir/home"
}

# The postmaster's pid, when it lives. A killed one whose parent has not collected it still counts as
# a process for Postgres, which then refuses to start: its pid file goes.
is_running() {
    local state
    [ -n "$home" ] && [ -f "$home/data/postmaster.pid" ] || return 1
    pid=$(head -n 1 "$home/data/postmaster.pid")
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) || return 1
    [ "$state" = Z ] && rm -f "$home/data/postmaster.pid"
    [ "$state" != Z ] && [ "$(stat -c %U "/proc/$pid" 2>/dev/null)" = "$user" ]
}

init_cluster() {
    as_user "$bin/initdb" --no-sync -D "$home/data.new" -U postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256 >"$dir/initdb.log" 2>&1 ||
        fail "initdb failed: $(tail -n 3 "$dir/initdb.log")"
}

# As initdb made one before, in the template's folder; the first one is kept there, whole or not at all.
copy_cluster() {
    local template=$1/$user-$("$bin/initdb" --version | tr -dc 0-9.)
    if [ -d "$template" ]; then
        cp -a "$template" "$home/data.new"
        return
    fi
    init_cluster
    mkdir -p "$1"
    cp -a "$home/data.new" "$template.$$"
    mv -T "$template.$$" "$template" 2>/dev/null || rm -rf "$template.$$" # another was first
}

make_cluster() {
    if [ -n "${MOONLINE_POSTGRES_TEMPLATE:-}" ]; then
        copy_cluster "$MOONLINE_POSTGRES_TEMPLATE"
    else
        init_cluster
    fi
    as_user tee -a "$home/data.new/postgresql.conf" >/dev/null <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$home'
unix_socket_permissions = 0700
max_connections = 60
password_encryption = 'scram-sha-256'
CONF
    as_user mv "$home/data.new" "$home/data" # whole or not at all
}

is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The port of last time, so that URLs stay good over a restart, or a free one below the range that
# outgoing connections use.
choose_port() {
    port=$(cat "$dir/port" 2>/dev/null || echo 0)
    until [ "$port" -gt 0 ] && is_free "$port"; do
        port=$((20000 + RANDOM % 12000))
    done
    echo "$port" >"$dir/port"
}

try_start() {
    local options="-p $port"
    $fast && options="$options -c fsync=off -c full_page_writes=off"
    as_user "$bin/pg_ctl" start -s -w -t 60 -D "$home/data" -l "$home/server.log" -o "$options" \
        </dev/null >/dev/null 2>&1
}

# Another process may take the port in between, and the last processes of a killed server hold its
# shared memory for a moment: so a few attempts.
start_server() {
    local attempt
    for attempt in 1 2 3 4 5 6 7 8; do
        choose_port
        try_start && return
        sleep 0.5
    done
    fail "the server does not start; the end of $home/server.log:
$(tail -n 5 "$home/server.log")"
}

sql() {
    as_user "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h "$home" -p "$port" -U postgres "$@"
}

# The role and database of the application; safe to run again after an interrupted first start.
make_database() {
    [ -f "$dir/ready" ] && return
    local password
    password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    sql -d postgres -c "select 1 from pg_roles where rolname = 'moonline'" | grep -q 1 ||
        sql -d postgres -c "create role moonline login createrole"
    (umask 077 && echo "*:*:*:moonline:$password" >"$dir/pgpass")
    sql -d postgres <<<"alter role moonline password '$password'"
    sql -d postgres -c "select 1 from pg_database where datname = 'moonline'" | grep -q 1 ||
        sql -d postgres -c "create database moonline owner moonline"
    # What only a superuser can do for the fence around tenants.
    sql -d moonline <"$source_dir/runtime/store/migrations/fence.sql"
    touch "$dir/ready"
}

print_url() {
    port=$(cat "$dir/port" 2>/dev/null) || fail "$dir holds no server: start it first"
    case $url_kind in
    socket) echo "postgresql://moonline@/moonline?host=$home&port=$port" ;;
    tcp) echo "postgresql://moonline@127.0.0.1:$port/moonline?passfile=$dir/pgpass" ;;
    superuser) echo "postgresql://postgres@/moonline?host=$home&port=$port" ;;
    esac
}

stop_server() {
    is_running || return 0
    as_user "$bin/pg_ctl" stop -s -m fast -w -t 10 -D "$home/data" ||
        as_user "$bin/pg_ctl" stop -s -m immediate -w -t 10 -D "$home/data"
}

bin=$(find_binaries)
user=$(find_user)
home=
[ "$verb" = start ] && mkdir -p "$dir"
[ -d "$dir" ] || case $verb in stop | remove) exit 0 ;; *) fail "$dir does not exist: start it first" ;; esac
if [ "$verb" != url ]; then
    exec 9>"$dir/lock"
    flock 9 # one at a time
fi
[ "$verb" = start ] && find_home
[ -n "$home" ] || home=$(cat "$dir/home" 2>/dev/null || true)

case $verb in
start)
    [ -d "$home/data" ] || { rm -rf "$home/data.new" "$dir/ready"; make_cluster; }
    is_running || start_server
    port=$(cat "$dir/port")
    make_database
    print_url
    ;;
stop) stop_server ;;
url) print_url ;;
crash)
    is_running || exit 0
    kill -9 "$pid"
    while is_running; do sleep 0.02; done
    ;;
remove)
    stop_server
    case $home in "$dir/server" | /var/tmp/moonline-postgres-*) rm -rf "$home" ;; esac
    rm -rf "$dir"
    ;;
*) usage ;;
esac
