package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Where the code of contracts that are not ours is; see contracts/published/README.md.
const (
	multicall3File = "contracts/published/Multicall3.hex"
	permit2File    = "contracts/node_modules/@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol"
)

// cachedChain is the chain id in Permit2's published code with which its domain separator was computed for another
// address. With any other id in its place Permit2 computes its own.
var cachedChain = fmt.Sprintf("%064x", 31337)

var literal = regexp.MustCompile(`hex"([0-9a-f]+)"`)

func multicall3() (string, error) {
	code, err := os.ReadFile(multicall3File)
	return "0x" + strings.TrimSpace(string(code)), err
}

func permit2() (string, error) {
	source, err := os.ReadFile(permit2File)
	if err != nil {
		return "", err
	}
	found := literal.FindSubmatch(source)
	if found == nil {
		return "", fmt.Errorf("%s holds no code", permit2File)
	}
	runtime, err := hex.DecodeString(strings.ReplaceAll(string(found[1]), cachedChain, strings.Repeat("0", len(cachedChain))))
	if err != nil {
		return "", fmt.Errorf("%s: %w", permit2File, err)
	}
	return creating(runtime), nil
}

// creating is the shortest init bytecode that leaves the given runtime code: PUSH2 size, DUP1, PUSH1 10, PUSH0, CODECOPY,
// PUSH0, RETURN.
func creating(runtime []byte) string {
	return fmt.Sprintf("0x61%04x80600a5f395ff3%x", len(runtime), runtime)
}
