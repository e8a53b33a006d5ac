#!/usr/bin/env bash
# More and more calls on one core until something gives, and what it was: bench/curve.sh [--curve 50,100,250,500].
set -euo pipefail
cd "$(dirname "$0")/.."
exec python3 bench/measure.py curve "$@"
