#!/usr/bin/env bash
# Pays our server and the stock x402 server (express, batch-settlement, file storage) for the same calls with the same client,
# in turns on one machine and one chain. Prints a figure a line as scripts/bench.sh does: name, value, unit, and the ratio to
# the stock server's of the same turn. Then settles the same transfers by `chit facilitator` and by the stock facilitator.
# Usage: scripts/bench-peer/run.sh [TURN]; a turn takes 3s if it is not given.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop ../interop-server ../interop-facilitator # the chain and the stock programs are theirs
../compile.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/peer" ./peer
NODE_ENV=production DIR="$dir" TURN="${1:-3s}" node peer.mjs
(cd ../.. && go build -o "$dir/chit" ./cmd/chit)
CHIT_HOME="$dir" CHIT="$dir/chit" NODE_ENV=production node ../interop-facilitator/bench.mjs
