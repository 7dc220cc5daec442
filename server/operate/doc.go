// Package operate is what an operator does with a shop: look at its channels, withdrawals,
// transactions, grants and receipts, settle, compare with the chain, let stopped channels go
// on, and look after the store.
//
// A running server answers over its admin socket: [Handler] serves a [server.Shop] there,
// [Listen] makes the socket, which only its owner can open, and a [Client] asks. Nothing here
// has access control of its own.
package operate
