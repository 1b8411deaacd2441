#!/usr/bin/env bash
# `make test`: everything that must hold, in the order in which it fails fastest. Called by the Makefile and by CI.
# Without root, Chromium, PostgreSQL or node the tests that need them skip by name; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export PATH="$PWD/$bin:$PATH" PYTHONDONTWRITEBYTECODE=1

step() { printf '\n=== %s (%ss)\n' "$1" "$SECONDS"; }

step "set-up"
bash tools/install_test_programs.sh

front_end() {
    for folder in widgets/views extensions/labextension; do
        (cd "$folder" && npm ci --silent --no-audit --no-fund && npm run --silent check && npm test --silent) || return 1
    done
}

if command -v npm >/dev/null; then
    # beside the rest: it needs one of two cores for a minute and a half
    front_end >.front-end.log 2>&1 &
    front_end_pid=$!
    trap 'kill "$front_end_pid" 2>/dev/null || true; rm -f .front-end.log' EXIT
elif [ "${CI:-}" = true ]; then
    echo "node and npm are missing: the front end cannot be tested" >&2
    exit 1
else
    echo "SKIPPED: the front end's tests need node and npm"
fi

# Compiled once for the sources and once for what is installed, and kept beside each, rather than by each of the processes below.
compile='from skydesk.wiring.images import preload_cutouts; import skydesk.backends.hips.kernels; preload_cutouts()'
{ python -c "$compile" && (cd / && python -P -c "$compile"); } &
compiling_pid=$!

step "lint, types and import contracts"
ruff check .
ruff format --check .
mypy
lint-imports

if [ -n "${front_end_pid:-}" ]; then
    step "front end: types and vitest"
    wait "$front_end_pid" || { cat .front-end.log; exit 1; }
    grep -E "Test Files|Tests" .front-end.log
fi

wait "$compiling_pid"
step "pytest"
# four processes on two cores, since tests wait a good part of their time; what stays together says tests/conftest.py
python -m pytest -q -n 4 --dist loadgroup --no-loadscope-reorder "$@"
step "done"
