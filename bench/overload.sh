#!/usr/bin/env bash
# 1.3 times the calls that hold on one core: how many are turned away, and what those hear that were let in:
# bench/overload.sh [--holds 500].
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/measure.py overload "$@"
