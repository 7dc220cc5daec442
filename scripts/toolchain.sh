#!/usr/bin/env bash
# Installs the pinned anvil, forge, cast, solc and the Solidity libraries into contracts/node_modules. Does nothing, at
# once, when what is there comes from the lock file as it is now.
set -euo pipefail
cd "$(dirname "$0")/../contracts"

stamp=node_modules/.lock-installed
want=$(cat package.json package-lock.json | git hash-object --stdin)
if [ "$(cat "$stamp" 2>/dev/null || true)" = "$want" ]; then
  exit 0
fi
for tool in node npm; do
  command -v "$tool" >/dev/null || {
    echo "toolchain: $tool is not installed; contracts need Node.js 20 or later (https://nodejs.org)" >&2
    exit 1
  }
done
echo "toolchain: installing anvil, forge, cast and solc (once)" >&2
if ! log=$(npm ci --no-audit --no-fund --ignore-scripts --loglevel=error 2>&1); then
  printf '%s\ntoolchain: npm ci failed; see above\n' "$log" >&2
  exit 1
fi
echo "$want" >"$stamp"
