// Package site runs a facilitator as its config says.
//
// A config flows in, and a server flows out whose keys, chains, store and access are open. When it is
// stopped, settlements that callers wait for have a moment to finish; those that do not are kept in
// the store, told as settlement_pending, and taken up by the next process.
package site
