#!/usr/bin/env bash
# Runs every benchmark that was built. Numbers are for comparing within one run; docs/performance.md says how to read them.
set -euo pipefail
cd "$(dirname "$0")/.."
for program in build/bench/bench_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    echo "== $(basename "$program")"
    "$program"
done
