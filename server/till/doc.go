// Package till is where a shop is paid: one escrow on one chain, in one token, and the key's
// account there.
//
// The deployments of the options flow in, are checked on their chains, and become [Tills]; each
// [Till] then has its settler, its watcher of the chain, and the price of gas by which least
// deposits follow. All transactions of a key on one chain go through one sender. It promises
// that a deployment which cannot take what is asked of it is refused when the shop opens, and
// that a chain which does not answer keeps no other waiting.
package till
