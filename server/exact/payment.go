package exact

import (
	"crypto/sha256"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/server/transfers"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// payment is a transfer that fits a till of this shop. Its signature is not checked yet.
type payment struct {
	seller   *Seller
	till     *till.Till
	transfer transfer.Transfer
	// secret is what the payer and the shop know of the payment, and the chain does not tell: its
	// identifier, or the challenge whose hash its nonce is; "" if there is nothing.
	secret string
}

// account is whose history the payment goes into.
func (p *payment) account() vouchers.ChannelID {
	return p.till.Escrow.Domain().ChannelID(p.config())
}

func (p *payment) config() vouchers.ChannelConfig {
	return AccountConfig(p.seller.PayTo, p.till.Sender.Address(), p.till.Token.Address, p.transfer.From)
}

// read holds a payment against where and whom this shop is paid by transfers.
func (s *Seller) read(p *x402.PaymentPayload) (*payment, *terms.Refusal) {
	at := s.tillOf(&p.Accepted)
	if at == nil {
		return nil, terms.Refuse(x402.ErrExactNetworkMismatch, "the terms are for %s on %q, where this shop takes no transfers", p.Accepted.Asset, p.Accepted.Network)
	}
	t, refused := transfers.Of(at.Deployment.ChainID, at.Token.Address, p)
	if refused != nil {
		return nil, refused
	}
	if t.To != s.PayTo || p.Accepted.PayTo != s.PayTo {
		return nil, terms.Refuse(transfers.RecipientMismatch(t.Method), "the transfer is to %s and the accepted terms to %s, this shop is paid to %s", t.To, p.Accepted.PayTo, s.PayTo)
	}
	if t.Value != p.Accepted.Amount {
		return nil, terms.Refuse(transfers.AmountMismatch(t.Method), "%s is signed, the accepted terms are over %s", t.Value, p.Accepted.Amount)
	}
	if t.Method == transfer.Upto && t.Facilitator != at.Sender.Address() {
		return nil, terms.Refuse(x402.ErrUptoFacilitatorMismatch, "the transfer is for %s to send, here %s sends", t.Facilitator, at.Sender.Address())
	}
	identifier, err := extension.PaymentIdentifier(p.Extensions)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	return &payment{s, at, t, identifier}, nil
}

// of is a request under the payment: whoever has seen the transfer on the chain asks for another
// one than its payer, where they know a secret.
func (p *payment) of(request [32]byte) [32]byte {
	if p.secret == "" {
		return request
	}
	return sha256.Sum256(append([]byte(p.secret), request[:]...))
}

// tillOf is where what was accepted is paid, nil if nowhere. Which escrow the till has makes
// no difference to a transfer: the first counts.
func (s *Seller) tillOf(accepted *x402.Requirements) *till.Till {
	for _, t := range s.Tills.All {
		if t.Network == accepted.Network && t.Token.Address == accepted.Asset {
			return t
		}
	}
	return nil
}
