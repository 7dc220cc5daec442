#!/usr/bin/env bash
# Pays a chit shop with each wallet of docs/WALLETS.md by the lines that stand there, on a local chain that looks like Base.
# Prints a line a wallet and fails where one did not pay.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh ../interop . # the chain is shared with ../interop
../compile.sh
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
CHIT_HOME="$home" CHIT="$home/chit" node wallets.mjs
