#!/bin/sh
# sh tests/fuzz.sh SECONDS [target…]: runs each fuzz target for so many seconds of CPU time, which is the
# same work on a busy machine, and prints one line each. New inputs and findings stay in the build folder.
# Exit status 1 when anything was found.
#   MOONLINE_BUILD  folder of the fuzz preset (build/fuzz); built when it is missing
#   JOBS            targets at the same time (1)
set -u
cd "$(dirname "$0")/.." || exit 2
build=${MOONLINE_BUILD:-build/fuzz}
seconds=${1:-}
case $seconds in '' | *[!0-9]*) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;; esac
shift

work=$build/fuzz/kept
dictionary() {
    case $1 in
    stream_codec | json_scan | line_message) echo twilio ;;
    openai_* | elevenlabs_codec | sandbox_requests) echo providers ;;
    request | upgrade | ws_* | sse | form | signature | url | net_url | origin | multipart) echo http ;;
    twiml*) echo xml ;;
    store_*) echo sql ;;
    *) echo json ;;
    esac
}

# Seconds of CPU time that a process has used.
cpu_seconds() {
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print int(($12 + $13) / hz) }' "/proc/$1/stat" 2>/dev/null
}

run() {
    target=$1
    program=$build/fuzz/fuzz_$target
    log=$work/$target.log
    mkdir -p "$work/$target" "$work/found"
    if [ ! -x "$program" ]; then
        echo "$target: no such target" | tee "$work/$target.line"
        return 1
    fi
    seeds=
    [ -d "tests/corpus/$target" ] && seeds=tests/corpus/$target
    # -timeout is by the clock, so it is long: a busy machine is no hang.
    # shellcheck disable=SC2086  # no seeds is no argument
    "$program" -dict="tests/dictionaries/$(dictionary "$target").dict" -artifact_prefix="$work/found/$target-" \
        -print_final_stats=1 -timeout=60 -rss_limit_mb=2048 -max_len=4096 \
        "$work/$target" $seeds >"$log" 2>&1 &
    child=$!
    while kill -0 $child 2>/dev/null; do
        used=$(cpu_seconds $child)
        [ "${used:-0}" -ge "$seconds" ] && kill -USR1 $child 2>/dev/null
        sleep 1
    done
    wait $child
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    findings=0
    [ $status -eq 0 ] || findings=1
    printf '%-24s runs %-10s edges %-6s findings %s\n' "$target" "${runs:-?}" "${edges:-?}" "$findings" |
        tee "$work/$target.line"
    [ $status -eq 0 ] || grep -E 'ERROR|SUMMARY|Test unit written' "$log"
    return $status
}

if [ -n "${FUZZ_ONE:-}" ]; then
    run "$1"
    exit
fi
if [ ! -f "$build/build.ninja" ]; then
    cmake --preset fuzz >/dev/null || exit 2
fi
cmake --build "$build" --target fuzz_targets >"$build/fuzz.log" 2>&1 || { tail -30 "$build/fuzz.log" >&2; exit 2; }
[ $# -gt 0 ] || set -- $(cd "$build/fuzz" && ls | sed -n 's/^fuzz_\([a-z0-9_]*\)$/\1/p')
export MOONLINE_BUILD="$build" FUZZ_ONE=1
printf '%s\n' "$@" | xargs -n 1 -P "${JOBS:-1}" sh "$0" "$seconds" || exit 1
