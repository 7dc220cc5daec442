// Package exact is paid by transfers that payers sign, one for each call: the schemes exact, by
// EIP-3009 or Permit2, and upto.
//
// A payment flows in; it is checked in memory and by asking the chain, the call runs, what was
// sold is written down with the transfer, and the transfer is settled (package clearing) before
// the answer leaves, or behind it where the operator trusts the payer for so much ([Trust]). The
// authorization's nonce is what the payment is known by: the same payment gets the same answer,
// over restarts too, and pays once. That a transfer is not known to be settled is never told as
// that it is not.
//
// What a payer has paid by transfers is an account of its own in the history, under an id that
// is no channel's ([Account]).
package exact
