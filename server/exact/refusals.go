package exact

import (
	"errors"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// isRefusal reports whether an error says why a transfer is not taken, and not only that it is
// not known what becomes of it.
func isRefusal(err error) bool {
	_, refused := transfers.CodeOf(err)
	return refused || errors.Is(err, clearing.ErrNoGas) || errors.Is(err, clearing.ErrBusy)
}

// refusal puts an error in x402's words. What is not known to be the payment's fault is none
// of it.
func refusal(err error) *terms.Refusal {
	if code, refused := transfers.CodeOf(err); refused {
		return terms.Refuse(code, "%v", err)
	}
	if refused := terms.FromLedger(err); errors.Is(err, vouchers.ErrStoreFailed) || errors.Is(err, vouchers.ErrStoreFull) || errors.Is(err, vouchers.ErrStoreClosed) {
		return refused
	}
	if errors.Is(err, clearing.ErrNoGas) || errors.Is(err, chain.ErrFunds) {
		return terms.Refuse(x402.ErrUnexpectedVerify, "the seller cannot settle transfers now, since its account cannot pay for gas; nothing of yours was moved: try again later")
	}
	return terms.Refuse(x402.ErrUnexpectedVerify, "%v; nothing is known to have moved: send the same payment again", err)
}
