#!/usr/bin/env bash
# Runs the benchmarks and the gas report, and writes their tables into docs/BENCHMARKS.md between its markers. Takes the
# files with the output of scripts/bench.sh and scripts/gas.sh as arguments instead, where there are some already. A line of
# the first takes the place of an earlier one of the same figure: what make bench-long prints may follow what make bench does.
# Usage: scripts/bench-doc.sh [FIGURES [GAS]]
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
document=docs/BENCHMARKS.md

if [ -n "${1:-}" ]; then cp "$1" "$work/bench"; else scripts/bench.sh >"$work/bench"; fi
if [ -n "${2:-}" ]; then cp "$2" "$work/gas"; else scripts/gas.sh >"$work/gas"; fi

awk '
  { if (!($1 in line)) names[++count] = $1; line[$1] = sprintf("| `%s` | %s | %s %s |", $1, $4, $2, $3) }
  END {
    print "| figure | ratio to its baseline | on this machine |\n|---|--:|--:|"
    for (i = 1; i <= count; i++) print line[names[i]]
  }' "$work/bench" >"$work/figures"

awk -F'\t' -v bench="$work/bench" -v gas="$work/gas" '
  BEGIN {
    while ((getline line < bench) > 0) { split(line, f, " "); value[f[1]] = f[2]; unit[f[1]] = f[3]; ratio[f[1]] = f[4] }
    while ((getline line < gas) > 0) { split(line, f, " "); value[f[1]] = f[2]; unit[f[1]] = "gas" }
    print "| what | figure | target | measured | |\n|---|---|--:|--:|---|"
  }
  /^#/ { next }
  {
    split($3, bound, " ")
    got = $2 == "ratio" ? ratio[$1] : value[$1]
    of = $2 == "ratio" ? "" : " " unit[$1]
    if (got == "") { shown = "not in this run"; met = "" }
    else { shown = got of; met = (bound[1] == "<=" ? got + 0 <= bound[2] + 0 : got + 0 >= bound[2] + 0) ? "met" : "missed" }
    printf "| %s | `%s` | %s %s%s | %s | %s |\n", $4, $1, bound[1] == "<=" ? "at most" : "at least", bound[2], of, shown, met
  }' scripts/bench-targets.tsv >"$work/targets"

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
  /^<!-- (targets|figures|paths|calls) -->$/ {
    skipping = 1
    while ((getline line < (work "/" $2)) > 0) print line
  }' "$document" >"$work/document"
cp "$work/document" "$document"
