// Package watch keeps a ledger's view of its channels true to the chain. Blocks flow in,
// as logs of the escrow and as states of the channels that they touch; what flows out is
// what the ledger takes over, an alarm where the chain is not seen, and word of each
// withdrawal with the first block that has it. [Watcher.Reconcile] compares all channels
// at once and explains what differs. After a restart a watcher goes on where it was,
// after a reorganization it reads again whatever may come from a block that is gone, and
// one channel that cannot be read or written keeps no other back.
package watch
