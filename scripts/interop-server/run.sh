#!/usr/bin/env bash
# Pays a stock x402 server (express, batch-settlement, its own facilitator) with our client over HTTP, on a local chain with
# our contracts at the canonical addresses. Prints a line a step and fails at the first that goes wrong.
set -euo pipefail
cd "$(dirname "$0")"

../toolchain.sh
for dir in ../interop .; do # the chain is shared with ../interop
  stamp=$dir/node_modules/.lock-installed
  want=$(cat "$dir/package.json" "$dir/package-lock.json" | git hash-object --stdin)
  if [ "$(cat "$stamp" 2>/dev/null || true)" != "$want" ]; then
    if ! log=$(npm ci --prefix "$dir" --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1); then
      printf '%s\ninterop-server: npm ci failed; see above\n' "$log" >&2
      exit 1
    fi
    echo "$want" >"$stamp"
  fi
done
(cd ../../contracts && node_modules/.bin/forge build --quiet --out out/generate --cache-path cache/generate --skip test)

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/payer" ./payer
PAYER="$dir/payer" node server.mjs
