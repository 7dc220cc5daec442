#!/usr/bin/env bash
# Does to a settlement everything that docs/RELIABILITY.md lists, on a local chain and through an RPC that fails, and prints
# one line a fault. Arguments go to `go test`, for example -race or -run TestFaultsOfAPayer.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test ./server/faults -count=1 -v -run '^TestFaults' "$@" >"$log" 2>&1 || {
  cat "$log" >&2
  echo "faults: a fault was not survived; see above" >&2
  exit 1
}
grep '^fault ' "$log" | sort
echo "faults: $(grep -c '^fault ' "$log") survived"
