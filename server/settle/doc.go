// Package settle turns what was charged into USDC.
//
// Charges flow in from the ledger; out go transactions that claim them, channel by channel,
// in batches, and transfer what was claimed to the receiver in the same transaction. A
// [Settler] looks after one deployment: on demand, at an interval, as its [Policy] says, and
// at once where a payer's withdrawal would take what was charged. It promises that a claim
// is booked once, that one that fails keeps no other back and is tried again, later each
// time, and that nothing is sent whose gas costs more than it brings, unless that is wanted.
// Where it can it claims by an older voucher, since what is on chain proves nothing any more.
package settle
