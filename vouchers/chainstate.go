package vouchers

// Withdrawal is a payer's pending withdrawal; the zero value is none.
type Withdrawal struct {
	// Amount is what will leave the balance, in atomic units.
	Amount Amount
	// FinalizeAfter is when the payer may take it, in Unix seconds; 0 if none is pending.
	FinalizeAfter uint64
}

// ChainState is the escrow's view of a channel.
type ChainState struct {
	// Balance is the escrow's channels(id).balance: deposits less refunds and
	// withdrawals, not less claims.
	Balance     Amount
	Claimed     Amount
	Withdrawal  Withdrawal
	RefundNonce uint64
	// Block is the number of the block that this was read at; 0 if that is not
	// known, which makes it no older than what was known before.
	Block uint64
}
