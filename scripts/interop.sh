#!/usr/bin/env bash
# Meets programs that were not written here, each in a folder of its own with a lock file.
set -euo pipefail
cd "$(dirname "$0")"

for run in interop*/run.sh; do
  echo "-- ${run%/run.sh}"
  "$run"
done
