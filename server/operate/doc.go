// Package operate is what an operator does with a shop: look at its channels, withdrawals,
// transactions, grants and receipts, settle, compare with the chain, let stopped channels go
// on, and look after the store.
//
// A [Place] is where the shop is found: at its running server, or on its store where none
// runs; what is asked of it is answered the same by both. A running server answers over its
// admin socket: [Handler] serves a [server.Shop] there, [Listen] makes the socket, which only
// its owner can open, and a [Client] asks. Nothing here has access control of its own.
package operate
