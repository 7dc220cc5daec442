#!/usr/bin/env bash
# Installs the pinned anvil, forge, cast, solc and the Solidity libraries into contracts/node_modules.
set -euo pipefail
cd "$(dirname "$0")"

exec ./npm.sh ../contracts
