// Package abigen holds the contracts as Go sees them: bindings with init bytecode, and for every contract that has a
// deterministic address, that address and the hash of the code there. Everything but this file, deployment.go and
// published.go is written by scripts/generate.sh from the Solidity in contracts/ and the bytecode that
// contracts/published/README.md names, and continuous integration checks that writing it again changes nothing. So a
// program that is built from this package knows byte for byte which contracts it trusts.
package abigen
