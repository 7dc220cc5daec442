#!/usr/bin/env bash
# Compiles the contracts and writes the Go bindings (abigen/) and the addresses (contracts/deployment.json).
# With --check it writes nothing, and fails when writing would change something.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
"") target=. ;;
--check) target=$(mktemp -d) && trap 'rm -rf "$target"' EXIT ;;
*) echo "usage: scripts/generate.sh [--check]" >&2 && exit 2 ;;
esac

scripts/compile.sh
out=contracts/out/generate
mkdir -p "$target/abigen" "$target/contracts"
go run ./abigen/generate -from "$out" -abigen "$target/abigen" -deployment "$target/contracts/deployment.json"
[ "$target" = . ] && exit 0

status=0
(cd "$target" && find . -type f) | while read -r file; do
  diff -q "$target/$file" "$file" >/dev/null 2>&1 || { echo "generate: $file is not what the contracts give; run scripts/generate.sh and commit" >&2 && exit 1; }
done || status=$?
exit "$status"
