#!/usr/bin/env bash
# `make demo`: a private Postgres, the sandbox, the server, one phone call, and what it left behind.
# KEEP=1 leaves everything running and says how to call again.
set -euo pipefail
cd "$(dirname "$0")/.."

state=${DEMO_DIR:-var/demo}
log=$state/log
mkdir -p "$log"
pids=()

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

fail() {
    echo "demo: $*" >&2
    exit 1
}

stop() {
    for ((i = ${#pids[@]} - 1; i >= 0; i--)); do
        kill -TERM "${pids[$i]}" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    deploy/private-postgres.sh stop "$state/postgres" >/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT TERM

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a URL answers, or its process is gone.
wait_for() { # url pid name
    for _ in $(seq 1 200); do
        curl -fs -o /dev/null -m 1 "$1" && return
        kill -0 "$2" 2>/dev/null || { tail -n 5 "$log/$3.log" >&2; fail "$3 did not start (see $log/$3.log)"; }
        sleep 0.1
    done
    fail "$3 did not get ready in 20 s (see $log/$3.log)"
}

query() { psql -X -q "$DATABASE_URL" "$@"; }

# ---- the world ----

say "1. A private Postgres below $state"
DATABASE_URL=$(deploy/private-postgres.sh start "$state/postgres")
export DATABASE_URL
build/moonline migrate

say "2. The sandbox: it stands in for OpenAI, ElevenLabs and Twilio, by ear and voice"
sandbox_port=$(free_port) control_port=$(free_port)
build/moonline sandbox --listen "127.0.0.1:$sandbox_port" --control "127.0.0.1:$control_port" >"$log/sandbox.log" 2>&1 &
pids+=($!)
wait_for "http://127.0.0.1:$control_port/state" $! sandbox
echo "listening on http://127.0.0.1:$sandbox_port"

say "3. The server"
sandbox=http://127.0.0.1:$sandbox_port
public_port=$(free_port) admin_port=$(free_port)
export MOONLINE_LISTEN=127.0.0.1:$public_port MOONLINE_ADMIN_LISTEN=127.0.0.1:$admin_port
export MOONLINE_PUBLIC_URL=https://demo.example.com MOONLINE_SCRIPTS=${MOONLINE_SCRIPTS:-scripts} MOONLINE_DATA=$state
export TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001 TWILIO_AUTH_TOKEN=0123456789abcdef0123456789abcdef
export TWILIO_API_BASE_URL=$sandbox OPENAI_BASE_URL=$sandbox ELEVENLABS_BASE_URL=$sandbox
export OPENAI_API_KEY=sk-sandbox ELEVENLABS_API_KEY=sandbox ELEVENLABS_VOICE_ID=sandboxvoice00000001 # not secrets
export MOONLINE_WORKERS=2 MOONLINE_DRAIN_SECONDS=2
build/moonline serve >"$log/server.log" 2>&1 &
pids+=($!)
wait_for "http://127.0.0.1:$admin_port/healthz" $! server
echo "calls on http://$MOONLINE_LISTEN, admin on http://$MOONLINE_ADMIN_LISTEN"

# ---- a call that nobody has made before: the first slot that is free, by the demo's caller of this run ----

taken=$(query -At -c "select count(*) from appointments where tenant_id = 'acme-dental'")
scenario=$state/demo.call
recordings=$state/calls/$((taken + 1))
python3 deploy/demo_scenario.py "$taken" examples/scenarios/demo.call >"$scenario"

call() {
    build/moonline call --to +15550100002 --from +15550100001 --via "$MOONLINE_LISTEN" --admin "$MOONLINE_ADMIN_LISTEN" \
        --out "$recordings" "$1"
}

say "4. The call: $(sed -n 's/^# *about: *//p' "$scenario")"
call "$scenario"

# ---- what it left ----

say "5. The appointment in Postgres"
expected=$(sed -n 's/^# *expect-appointment: *//p' "$scenario")
row="select name, phone, service, to_char(starts_at at time zone 'America/New_York', 'FMDay HH24:MI') as starts
     from appointments where tenant_id = 'acme-dental' order by created_at desc limit 1"
for _ in $(seq 1 20); do
    [ "$(query -At -c "select count(*) from appointments where tenant_id = 'acme-dental'")" -gt "$taken" ] && break
    sleep 0.25
done
query -c "$row"
found=$(query -At -F '|' -c "$row")
[ "$found" = "$expected" ] || fail "the appointment is \"$found\", the caller asked for \"$expected\""

say "6. What was said, as it stands in Postgres"
query -c "select direction, text from messages where call_id = (select id from calls order by started_at desc limit 1)
          order by created_at"

say "7. Who is known: a row a number, and its thread of calls and texts"
query -c "select phone, coalesce(name, '') as name,
              (select count(*) from calls where contact_id = p.id) as calls,
              (select count(*) from messages m join conversations c on c.id = m.conversation_id
               where c.contact_id = p.id) as messages,
              (select count(*) from appointments where contact_id = p.id) as appointments
          from contacts p where tenant_id = 'acme-dental' order by created_at"
echo "recordings and timeline: $recordings; logs: $log"

if [ -n "${KEEP:-}" ]; then
    trap - EXIT
    say "Everything is left running (KEEP=1)"
    cat <<MSG
admin    http://$MOONLINE_ADMIN_LISTEN/metrics  /api/tenants  /readyz
database psql '$DATABASE_URL'
call     TWILIO_AUTH_TOKEN=$TWILIO_AUTH_TOKEN MOONLINE_PUBLIC_URL=$MOONLINE_PUBLIC_URL \\
           build/moonline call --to +15550100002 --via $MOONLINE_LISTEN --admin $MOONLINE_ADMIN_LISTEN examples/scenarios/hours.call
text     the same with "text" for "call", and words in place of the scenario
edit     $MOONLINE_SCRIPTS/tenants/acme-dental/agent.lua: heard on the next turn
stop     kill ${pids[*]}; deploy/private-postgres.sh stop $state/postgres
MSG
fi
