# chit: `make` alone lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -X main.version=$(VERSION)
# The race detector and libsecp256k1 need a C compiler; without one the pure Go curve is used and -race is left out.
RACE := $(shell command -v "$$(go env CC)" >/dev/null 2>&1 && echo -race)
FUZZTIME ?= 30s
N ?= 200

.PHONY: help build demo test lint generate gas bench bench-long bench-peer crash faults soak means interop fuzz fuzz-contracts toolchain

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

build: ## build bin/chit
	@go build -ldflags '$(LDFLAGS)' -o bin/chit ./cmd/chit

toolchain: ## install the pinned anvil, forge, cast and solc (once)
	@scripts/toolchain.sh

demo: toolchain build ## the whole story: chain, escrow, deposit, paid calls, settlement
	@bin/chit demo

test: toolchain ## every test: Go with -race, contracts, gas snapshot, generated files
	@scripts/test.sh $(RACE)

lint: toolchain ## gofmt, go vet, staticcheck, forge fmt, go mod tidy
	@scripts/lint.sh

generate: toolchain ## compile the contracts and write the Go bindings
	@scripts/generate.sh

gas: toolchain ## print the gas of every path, one figure a line
	@scripts/gas.sh

bench: ## print every benchmark, one figure a line
	@scripts/bench.sh

bench-long: ## print the figures of a store with 30 million receipts
	@CHIT_GROWTH=30 scripts/bench.sh 1 ./vouchers/diskstore 'Growth$$'

bench-peer: toolchain ## pay our server and the stock x402 server for the same calls, in turns of TIME (3s)
	@scripts/bench-peer/run.sh $(TIME)

crash: ## kill -9 a serving process N times and check that nothing is lost
	@scripts/crash.sh $(N)

faults: toolchain ## do every fault of docs/RELIABILITY.md to a settlement, one line each
	@scripts/faults.sh

soak: toolchain ## hundreds of channels under faults for TIME (2m), from SEED (1)
	@scripts/soak.sh $(or $(TIME),2m) $(or $(CHANNELS),300) $(or $(SEED),1)

means: toolchain ## hold every way to pay against every rule on every carrier
	@CHIT_MEANS=all go test ./server/sale/meanstest -count=1 -timeout 30m

interop: toolchain ## meet programs that were not written here: stock x402 clients and facilitator, an npm MCP server
	@scripts/interop.sh

fuzz: ## fuzz every decoder for FUZZTIME each
	@scripts/fuzz.sh $(FUZZTIME)

fuzz-contracts: toolchain ## long fuzz and invariant runs of the contracts
	@scripts/fuzz-contracts.sh
