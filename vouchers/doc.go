// Package vouchers is the heart of chit: payment channels, the vouchers that
// are signed over them, and the ledger that turns vouchers into charges.
//
// A payer opens a channel by depositing USDC in an escrow under a
// [ChannelConfig]; the EIP-712 digest of that configuration is its [ChannelID].
// Each call is paid with a [Voucher]: a signed ceiling on what the receiver may
// claim from the channel in total. [Domain] computes the digests that the escrow
// computes, signs them and checks them, without an allocation once a signer's
// public key is known.
//
// [Ledger] holds every channel in memory. A call runs Reserve, then Commit or
// Release: Reserve checks the voucher and sets the price aside, the tool runs,
// and Commit turns the reservation into a charge and returns when the charge and
// its voucher are durable in the [Store]. Many calls of one channel may be in
// flight at once, in any order of their ceilings.
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
//
// Amounts are atomic units of a token with six decimals ([Amount]), times are
// Unix seconds.
package vouchers
