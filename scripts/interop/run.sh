#!/usr/bin/env bash
# Drives our escrow and collectors with the stock x402 facilitator and client on a local chain of its own.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh .
../compile.sh
exec node facilitator.mjs
