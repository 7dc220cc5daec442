#!/usr/bin/env bash
# Installs the pinned npm packages of the given folders, each from its lock file. Does nothing, at once, where what is
# there comes from the lock file as it is now.
set -euo pipefail

for dir in "$@"; do
  stamp=$dir/node_modules/.lock-installed
  want=$(cat "$dir/package.json" "$dir/package-lock.json" | git hash-object --stdin)
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$want" ]; then
    continue
  fi
  name=$(basename "$(cd "$dir" && pwd)")
  for tool in node npm; do
    command -v "$tool" >/dev/null || {
      echo "npm: $tool is not installed; the packages of $name need Node.js 20 or later (https://nodejs.org)" >&2
      exit 1
    }
  done
  echo "installing the packages of $name (once)" >&2
  if ! log=$(cd "$dir" && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error 2>&1); then
    printf '%s\nnpm: the packages of %s could not be installed; see above\n' "$log" "$name" >&2
    exit 1
  fi
  echo "$want" >"$stamp"
done
