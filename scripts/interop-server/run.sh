#!/usr/bin/env bash
# Pays a stock x402 server (express, batch-settlement, its own facilitator) with our client over HTTP, on a local chain with
# our contracts at the canonical addresses. Prints a line a step and fails at the first that goes wrong.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop . # the chain is shared with ../interop
../compile.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/payer" ./payer
PAYER="$dir/payer" node server.mjs
