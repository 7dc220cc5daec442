#!/usr/bin/env bash
# Pays stock sellers of x402 version 1 (x402-express, x402-mcp) and of MPP (mppx) with our clients, on a
# local chain that looks like Base. Prints a line for each and fails at the first that goes wrong.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop . # the chain is shared with ../interop
../compile.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/payer" ./payer
PAYER="$dir/payer" node sellers.mjs
