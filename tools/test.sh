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

step "lint, types and import contracts"
ruff check .
ruff format --check .
mypy
lint-imports

if command -v npm >/dev/null; then
    step "front end: types and vitest"
    for folder in widgets/views extensions/labextension; do
        (cd "$folder" && npm ci --silent --no-audit --no-fund && npm run --silent check && npm test --silent)
    done
elif [ "${CI:-}" = true ]; then
    echo "node and npm are missing: the front end cannot be tested" >&2
    exit 1
else
    echo "SKIPPED: the front end's tests need node and npm"
fi

step "pytest"
python -m pytest -q "$@"
step "done"
