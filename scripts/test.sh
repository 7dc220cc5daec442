#!/usr/bin/env bash
# Every test: Go, contracts, gas snapshot, generated files, interoperation.
# Arguments go to `go test`, for example -race.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

# The race detector makes what computes on bytes several times as slow. These packages share nothing between goroutines. What
# encoding/json reads of a value and writes to it goes through reflect, which the detector watches: with -l, also where a
# function of reflect would be compiled into encoding/json.
uninstrumented=()
if [[ " $* " == *" -race "* ]]; then
  for package in golang.org/x/crypto/scrypt encoding/json github.com/santhosh-tekuri/jsonschema/... github.com/yosida95/uritemplate/...; do
    uninstrumented+=("-gcflags=$package=-race=false -l")
  done
fi
# Tests write and sync many small files: in memory where there is some, unless TMPDIR says where.
if [[ -z ${TMPDIR:-} && -w /dev/shm && $(df --output=avail -k /dev/shm | tail -1) -gt 4000000 ]]; then
  TMPDIR=$(mktemp -d /dev/shm/chit-test.XXXXXX)
  trap 'rm -rf "$TMPDIR"' EXIT
  export TMPDIR GOTMPDIR="${GOTMPDIR:-/tmp}"
fi

# So many random histories are held against each model; go test alone takes a hundred.
export RAPID_CHECKS=${RAPID_CHECKS:-30}

say "go test $*"
go test -timeout 30m "${uninstrumented[@]}" "$@" ./...
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
