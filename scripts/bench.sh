#!/usr/bin/env bash
# Prints every benchmark figure, one a line: name, value, unit, and the ratio to the figure's baseline of the same run ("-"
# where it has none). A figure is the median of so many runs (default 1) of two seconds, each of which takes the subject and
# its baseline in turns. Any benchmark of the module that reports a metric "name:unit", and with it perhaps "name:ratio", is
# part of it; others are not run. How far it is goes to standard error. Fails after the last figure when a benchmark has
# failed.
# Usage: scripts/bench.sh [RUNS [PACKAGES [BENCHMARKS]]]
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-1}
packages=${2:-./...}
benchmarks=${3:-.}

measure() {
  local failed=0 dir package output
  while read -r dir package; do
    grep -qsE '^func Benchmark' "$dir"/*_test.go && grep -qsE '(:[a-zA-Z/]+"|storetest\.Growth|\.Report\(b)' "$dir"/*_test.go || continue
    printf 'bench: %4d s  %s\n' "$SECONDS" "$package" >&2
    if ! output=$(go test "$package" -run '^$' -bench "$benchmarks" -benchtime 2s -count "$runs" -timeout 60m 2>&1 </dev/null); then
      printf '%s\n' "$output" | tail -n 20 >&2
      echo "bench: benchmarks of $package have failed; the end of their output is above" >&2
      failed=1
    fi
    printf '%s\n' "$output"
  done < <(go list -f '{{.Dir}} {{.ImportPath}}' "$packages")
  printf 'bench: %4d s  done\n' "$SECONDS" >&2
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
