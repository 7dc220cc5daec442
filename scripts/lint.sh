#!/usr/bin/env bash
# Formatting and static checks; prints what is wrong and fails.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l)
if [ -n "$unformatted" ]; then
  printf 'not gofmt-ed (run gofmt -w):\n%s\n' "$unformatted" >&2
  exit 1
fi
go vet ./...
go tool staticcheck ./...
go mod tidy -diff
(cd contracts && ../scripts/forge.sh fmt --check)
echo "lint: ok"
