// Package ledger turns vouchers into charges. Vouchers and prices flow in, and what the
// chain says of each channel; what flows out is charges that are durable, and the highest
// voucher of each channel, to be claimed with.
//
// [Ledger] holds every channel in memory. A call runs Reserve, then Commit or
// Release: Reserve checks the voucher and sets the price aside, the tool runs,
// and Commit turns the reservation into a charge and returns when the charge and
// its voucher are durable in the [vouchers.Store]. A call may be charged in parts while it
// runs ([Reservation.Part]). Many calls of one channel may be in
// flight at once, in any order of their ceilings.
//
// A store that was restored from a backup has forgotten what came after it. Each of its
// channels is in doubt until its payer has shown what it was charged ([Ledger.Restore]).
//
// Three lines hold at every moment, for every channel, also after a crash:
//
//   - claimed <= charged <= ceiling: a receiver never claims more than it charged,
//     and never charges more than the payer signed;
//   - charged + reserved <= balance less a pending withdrawal, for every call that
//     is accepted;
//   - what was answered is durable: a charge is visible as charged only once it
//     is on disk, so a claim never runs ahead of the disk, and a charge that the
//     disk refused was never answered and is never claimed by this process.
package ledger
