#!/usr/bin/env bash
# Every test: Go, contracts, gas snapshot, generated files, interoperation.
# Arguments go to `go test`, for example -race.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

say "go test $*"
go test -timeout 30m "$@" ./...
say "the pure Go curve, for machines without a C compiler"
CGO_ENABLED=0 go test ./vouchers ./vouchers/ledger -run 'Digest|Signature|Signed|Canonical|Parity'
say "contracts"
(cd contracts && ../scripts/forge.sh test --no-match-path 'test/gas/*')
say "gas snapshot"
scripts/gas.sh --check
say "generated files"
scripts/generate.sh --check
say "interoperation"
scripts/interop.sh
