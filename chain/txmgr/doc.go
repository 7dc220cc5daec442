// Package txmgr manages the transactions of one key. Calls flow in, from any number of
// goroutines; what flows out is the receipt of a transaction that is mined once, deep
// enough, and within the limits of what it may pay. A [Sender] gives one nonce after the
// other and writes each transaction down in its [Journal] before it is broadcast, so that
// a crash neither forgets it nor sends it twice. It raises the fee of one that is stuck,
// sends again what a reorganization took back, and answers when all is confirmed.
//
// Amounts of gas are gas units, fees are wei.
package txmgr
