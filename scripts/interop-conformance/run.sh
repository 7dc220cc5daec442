#!/usr/bin/env bash
# Runs the server scenarios of the MCP conformance suite against a server as it is, with the paywall, and behind the gateway;
# tools are called for nothing and for a credit token. What passes without the paywall must pass with it. Prints a line a
# scenario.
set -euo pipefail
cd "$(dirname "$0")"

../npm.sh .
../toolchain.sh
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
(cd ../.. && go build -o "$home/chit" ./cmd/chit)
go build -o "$home/subject" ./subject
CHIT_HOME="$home" CHIT="$home/chit" SUBJECT="$home/subject" node conformance.mjs
