#!/usr/bin/env bash
# Pays a stock x402 server whose facilitator is `chit facilitator` with stock clients, by each scheme, on a local chain with
# our contracts at the canonical addresses. Prints a line a step and fails at the first that goes wrong.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop ../interop-server . # the chain and the server are shared
../compile.sh
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
CHIT_HOME="$home" CHIT="$home/chit" node facilitator.mjs
