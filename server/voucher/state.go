package voucher

import (
	"time"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// A payer may ask where its channel stands without a payment, by its order alone. It is
// told from memory: no chain is asked, and nothing is logged.

// State is where a channel stands, for who has signed the order as its payer. Others
// are not even told whether the shop knows the channel.
func (s *Seller) State(asked x402.StateOrder) *x402.SettlementResponse {
	order := order.Order{Action: "state", Channel: asked.Channel, Deadline: asked.Deadline}
	signer, err := order.Signer(asked.Signature, time.Now())
	if err != nil {
		return &x402.SettlementResponse{ErrorReason: x402.ErrPayload, ErrorMessage: err.Error()}
	}
	channel, known := s.ledger.Channel(asked.Channel)
	if !known || signer != channel.Config.VoucherSigner() {
		return &x402.SettlementResponse{
			ErrorReason:  x402.ErrChannelNotFound,
			ErrorMessage: ledger.ErrChannelNotFound.Error() + ": " + asked.Channel.Hex() + ", of which " + signer.Hex() + " signs the vouchers",
		}
	}
	state := terms.Response(channel)
	state.Extra.VoucherState = terms.VoucherState(channel)
	return &state
}
