#!/usr/bin/env bash
# Prints the gas of every path of the contracts, one figure a line: whole transactions, that is execution, calldata and the
# base of 21,000. With --check it also fails when a figure is not that of contracts/snapshots/gas.json; with --update it
# writes that file.
set -euo pipefail
cd "$(dirname "$0")/../contracts"

mode=${1:-}
case "$mode" in
"" | --check | --update) ;;
*) echo "usage: scripts/gas.sh [--check|--update]" >&2 && exit 2 ;;
esac

../scripts/toolchain.sh
measured=cache/gas
rm -rf "$measured" && mkdir -p "$measured"
if ! log=$(FOUNDRY_SNAPSHOTS="$measured" ../scripts/forge.sh test --match-path 'test/gas/*' --gas-snapshot-emit=true 2>&1); then
  printf '%s\ngas: the gas tests failed; see above\n' "$log" >&2
  exit 1
fi

sed -nE 's/^ *"([^"]+)": "([0-9]+)",?$/\1 \2/p' "$measured/gas.json" | sort -V

case "$mode" in
--update) cp "$measured/gas.json" snapshots/gas.json ;;
--check)
  diff -u --label committed --label measured snapshots/gas.json "$measured/gas.json" >&2 || {
    echo "gas: not what contracts/snapshots/gas.json says; if that is meant, run scripts/gas.sh --update and commit" >&2
    exit 1
  }
  ;;
esac
