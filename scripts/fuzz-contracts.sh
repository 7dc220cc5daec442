#!/usr/bin/env bash
# Long fuzz and invariant runs of the contracts (foundry profile `long`). Arguments go to forge, for instance
# --match-path 'test/invariant/*' or --fuzz-seed 1.
set -euo pipefail
cd "$(dirname "$0")/../contracts"

../scripts/toolchain.sh
FOUNDRY_PROFILE=long exec ../scripts/forge.sh test --match-test '^(testFuzz|invariant)_' "$@"
