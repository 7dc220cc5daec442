#!/usr/bin/env bash
# Drives our escrow and collectors with the stock x402 facilitator and client on a local chain of its own.
set -euo pipefail
cd "$(dirname "$0")"

../toolchain.sh
stamp=node_modules/.lock-installed
want=$(cat package.json package-lock.json | git hash-object --stdin)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
  if ! log=$(npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1); then
    printf '%s\ninterop: npm ci failed; see above\n' "$log" >&2
    exit 1
  fi
  echo "$want" >"$stamp"
fi
(cd ../../contracts && node_modules/.bin/forge build --quiet --out out/generate --cache-path cache/generate --skip test)

exec node facilitator.mjs
