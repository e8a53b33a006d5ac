#!/usr/bin/env bash
# Every benchmark: the pieces of the frame path, whole calls, and what a hostile tenant costs the others
# (docs/performance.md says how to read them). Some thirty minutes; `bench/run.sh --window 8 --runs 1 --curve 50,100` is
# a quick look. Wants both cores to itself.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${MOONLINE_BUILD:-build}
echo "== pieces of the frame path"
"$build/bench/bench_frame_path"
echo "== whole calls"
python3 bench/measure.py all "$@"
echo "== sound, both ways"
python3 bench/hear.py
echo "== voices over replies"
python3 bench/barge.py
echo "== a prompt beside a hostile tenant"
"$build/bench/bench_script_fairness"
