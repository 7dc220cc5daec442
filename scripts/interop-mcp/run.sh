#!/usr/bin/env bash
# Sells the unmodified MCP server @modelcontextprotocol/server-everything through `chit gateway`, and checks with the
# official client that everything of it still works.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh .
../toolchain.sh
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
CHIT_HOME="$home" CHIT="$home/chit" node everything.mjs
