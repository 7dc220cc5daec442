#!/usr/bin/env bash
# Pays a chit server with the stock x402 clients, over MCP and over HTTP, on a local chain with our contracts at the
# canonical addresses. Prints a line a step and fails at the first that goes wrong.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop . # the chain is shared with ../interop
../compile.sh
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
CHIT_HOME="$home" CHIT="$home/chit" node pay.mjs
