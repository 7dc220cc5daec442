#!/usr/bin/env bash
# Compiles the contracts, without their tests, into contracts/out/generate.
set -euo pipefail
cd "$(dirname "$0")"

./toolchain.sh
cd ../contracts
../scripts/forge.sh build --quiet --out out/generate --cache-path cache/generate --skip test
