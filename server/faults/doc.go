// Package faults is the proof that a settlement loses no money, whatever the chain,
// the way to it, the payers and the operating system do. Its tests run a real shop
// on a real local chain, do to it what docs/RELIABILITY.md lists, and hold the books
// against the chain afterwards: every transfer was paid once and answered once, everything that was charged is claimed, nothing is
// claimed twice, and the ledger says what the chain says.
package faults
