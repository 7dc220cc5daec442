#!/usr/bin/env bash
# Runs the benchmarks and the gas report, and writes their tables into docs/BENCHMARKS.md between its markers. Takes the
# files with the output of scripts/bench.sh and scripts/gas.sh as arguments instead, where there are some already.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
document=docs/BENCHMARKS.md

if [ -n "${1:-}" ]; then cp "$1" "$work/bench"; else scripts/bench.sh >"$work/bench"; fi
if [ -n "${2:-}" ]; then cp "$2" "$work/gas"; else scripts/gas.sh >"$work/gas"; fi

awk '
  BEGIN { print "| figure | ratio to its baseline | on this machine |\n|---|--:|--:|" }
  { printf "| `%s` | %s | %s %s |\n", $1, $4, $2, $3 }' "$work/bench" >"$work/figures"

awk '
  BEGIN { print "| path | gas |\n|---|--:|" }
  { printf "| `%s` | %s |\n", $1, $2 }' "$work/gas" >"$work/paths"

awk '
  { gas[$1] = $2 }
  END {
    print "| calls in the channel | gas a call | against a transfer a call |\n|--:|--:|--:|"
    channel = gas["deposit.eip3009.first"] + gas["compact.claimSettle.100.perChannel"]
    for (calls = 1; calls <= 10000; calls *= 100)
      printf "| %d | %.0f | %.2g |\n", calls, channel / calls, channel / calls / gas["baseline.transferWithAuthorization"]
  }' "$work/gas" >"$work/calls"

awk -v work="$work" '
  /^<!-- end -->$/ { skipping = 0 }
  !skipping { print }
  /^<!-- (figures|paths|calls) -->$/ {
    skipping = 1
    while ((getline line < (work "/" $2)) > 0) print line
  }' "$document" >"$work/document"
cp "$work/document" "$document"
