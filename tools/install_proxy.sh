#!/bin/sh
# Puts node's configurable-http-proxy into the virtual environment where node is there; the Python one serves where it is not.
set -u
venv=$1
target="$venv/lib/proxy"
[ -e "$target/node_modules/.bin/configurable-http-proxy" ] && exit 0
command -v npm >/dev/null 2>&1 || exit 0
if ! npm install --silent --no-audit --no-fund --no-package-lock --prefix "$target" configurable-http-proxy@5.3.0; then
    rm -rf "$target"
    echo "npm could not install configurable-http-proxy; going on with the Python one" >&2
fi
