#!/usr/bin/env bash
# Sells the unmodified MCP server @modelcontextprotocol/server-everything through `chit gateway`, and checks with the
# official client that everything of it still works.
set -euo pipefail
cd "$(dirname "$0")"

../toolchain.sh
stamp=node_modules/.lock-installed
want=$(cat package.json package-lock.json | git hash-object --stdin)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  if ! log=$(npm ci --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1); then
    printf '%s\ninterop-mcp: npm ci failed; see above\n' "$log" >&2
    exit 1
  fi
  echo "$want" >"$stamp"
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
CHIT_HOME="$home" CHIT="$home/chit" node everything.mjs
