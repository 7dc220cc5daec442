#!/usr/bin/env bash
# Runs the pinned forge in the current folder. The launcher of its npm package ends with 0 whatever forge says, so that a
# failed test would pass.
set -euo pipefail

exec "$(dirname "${BASH_SOURCE[0]}")"/../contracts/node_modules/@foundry-rs/forge-*/bin/forge "$@"
