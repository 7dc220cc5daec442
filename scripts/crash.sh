#!/usr/bin/env bash
# Kills a store with SIGKILL at each step of its journal, checkpoint and sealing, N times in all (default 200), once alone and
# once while vouchers and credit tokens are spent; then kills `chit serve` with SIGKILL N times (default 200) at random
# moments under load, and checks after each restart that nothing which was answered is lost and nothing is charged twice.
# Its last line is the outcome. CRASH_SEED=... repeats the moments of an earlier run.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/toolchain.sh
CRASH_CYCLES=${1:-200} go test ./vouchers/diskstore -run '^TestAProcessThatDiesAtAnyStepLosesNothing' -count 1 -timeout 0 -v |
  awk '/kills=|FAIL|_test.go/ { print; fflush() }'
CRASH_CYCLES=${1:-200} go test ./cmd/chit -run '^TestAKilledServerLosesNothingThatItAnswered$' -count 1 -timeout 0 -v |
  awk '/^cycles=/ { outcome = $0; next } !/^(=== |--- PASS|PASS|ok )/ { print; fflush() } END { print outcome }'
