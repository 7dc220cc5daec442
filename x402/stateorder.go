package x402

import "github.com/chitpay/chit/vouchers"

// StateOrder asks where a channel stands: the payer's order to see the state, without a
// payment. It is answered with a [SettlementResponse] that settles nothing.
type StateOrder struct {
	// Channel is the one that is asked about.
	Channel vouchers.ChannelID `json:"channel"`
	// Deadline is until when the order is good, in Unix seconds.
	Deadline uint64 `json:"deadline"`
	// Signature is the voucher key's.
	Signature vouchers.Signature `json:"signature"`
}
