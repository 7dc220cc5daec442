#!/usr/bin/env bash
# Lets hundreds of channels buy, deposit, withdraw and be settled under faults for a while, and checks the money after every
# step: scripts/soak.sh [TIME [CHANNELS [SEED]]], by default 2m 300 1. The seed decides what happens in which order.
set -euo pipefail
cd "$(dirname "$0")/.."

export CHIT_SOAK=${1:-2m} CHIT_SOAK_CHANNELS=${2:-300} CHIT_SOAK_SEED=${3:-1}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test ./server/faults -count=1 -v -timeout 0 -run '^TestSoak$' >"$log" 2>&1 || {
  cat "$log" >&2
  echo "soak: the money was wrong under seed $CHIT_SOAK_SEED; see above" >&2
  exit 1
}
grep '^soak ' "$log"
