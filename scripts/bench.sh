#!/usr/bin/env bash
# Prints every benchmark figure, one a line: name, value, unit, and the ratio to the figure's baseline of the same run ("-"
# where it has none). A figure is the median of so many runs (default 3). Any benchmark of the module that reports a metric
# "name:unit", and with it perhaps "name:ratio", is part of it. Fails after the last figure when a benchmark has failed.
# Usage: scripts/bench.sh [RUNS [PACKAGES]]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-3}
packages=${2:-./...}

measure() {
  local failed=0 dir package output
  while read -r dir package; do
    grep -qs '^func Benchmark' "$dir"/*_test.go || continue
    if ! output=$(go test "$package" -run '^$' -bench . -benchtime 1s -count "$runs" -timeout 20m 2>&1 </dev/null); then
      printf '%s\n' "$output" | tail -n 20 >&2
      echo "bench: benchmarks of $package have failed; the end of their output is above" >&2
      failed=1
    fi
    printf '%s\n' "$output"
  done < <(go list -f '{{.Dir}} {{.ImportPath}}' "$packages")
  return "$failed"
}

measure | awk '
  function median(list,   v, n, i, j, x) {
    n = split(list, v, " ")
    for (i = 2; i <= n; i++) {
      x = v[i]
      for (j = i - 1; j > 0 && v[j] + 0 > x + 0; j--) v[j + 1] = v[j]
      v[j + 1] = x
    }
    return v[int((n + 1) / 2)]
  }
  /^Benchmark/ {
    for (i = 3; i < NF; i += 2) {
      if (split($(i + 1), part, ":") != 2) continue
      name = part[1]
      if (part[2] == "ratio") { ratios[name] = ratios[name] " " $i; continue }
      if (!(name in values)) names[++count] = name
      units[name] = part[2]
      values[name] = values[name] " " $i
    }
  }
  END {
    for (i = 1; i <= count; i++) {
      name = names[i]
      print name, median(values[name]), units[name], name in ratios ? median(ratios[name]) : "-"
    }
  }'
