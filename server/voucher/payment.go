package voucher

import (
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// Payment is an x402 payment that fits what this shop sells. Its signature is not
// checked yet.
type Payment struct {
	till       *till.Till // the shop's, of the terms that the client accepted
	byPermit2  bool       // the accepted terms are those of deposits by Permit2
	body       x402.Payload
	Config     vouchers.ChannelConfig
	Voucher    vouchers.Voucher
	signature  vouchers.Signature
	short      bool // it came in the short form
	identifier string
	receipt    bool // of the extension offer-receipt is asked for
	order      *extension.PayerOrder
	ordered    bool // the order is the payer's, and for what the payment asks for
	// agreed is what the payer agrees to pay for a call, which its voucher is signed for beside
	// what it counts.
	agreed vouchers.Amount
	shows  *extension.Shown // nil where the payer keeps no receipts
}

// accept holds a payment against the terms of a call at a price.
func (s *Seller) accept(payload *x402.PaymentPayload, price vouchers.Amount) (*Payment, *terms.Refusal) {
	at, refused := s.tills.Chosen(&payload.Accepted)
	if refused != nil {
		return nil, refused
	}
	config, voucher, signature, ok := channelOf(payload.Payload)
	if !ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "a %T is not of the scheme %q", payload.Payload, payload.Accepted.Scheme)
	}
	byPermit2 := payload.Accepted.Extra.AssetTransferMethod == x402.TransferPermit2
	if byPermit2 && !at.Permit2 || !byPermit2 && !at.Token.EIP3009 {
		return nil, terms.Refuse(x402.ErrPaymentRequirements, "the asset transfer method is %q, which this shop does not offer", payload.Accepted.Extra.AssetTransferMethod)
	}
	p := &Payment{till: at, byPermit2: byPermit2, body: payload.Payload, Config: config, Voucher: voucher, signature: signature}
	if refused := s.checkTerms(at, &payload.Accepted, price); refused != nil {
		return nil, s.explain(refused, p)
	}
	identifier, err := extension.PaymentIdentifier(payload.Extensions)
	if err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	p.identifier, p.receipt = identifier, extension.WantsReceipt(payload.Extensions)
	if p.order, err = extension.Order(payload.Extensions); err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	if p.shows, err = extension.ShownReceipt(payload.Extensions); err != nil {
		return nil, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	if _, refunds := p.body.(*x402.RefundPayload); !refunds {
		p.agreed = payload.Accepted.Amount
	}
	if refused := s.checkConfig(at, config); refused != nil {
		return nil, refused
	}
	if id := at.Escrow.Domain().ChannelID(config); id != voucher.Channel {
		return nil, terms.Refuse(x402.ErrChannelIDMismatch, "the config's channel id under escrow %s is %s, the voucher names %s", at.Deployment, id, voucher.Channel)
	}
	return p, nil
}

// channelOf is what a payload says of a channel; it is false for one that draws on none.
func channelOf(p x402.Payload) (config vouchers.ChannelConfig, voucher vouchers.Voucher, signature vouchers.Signature, ok bool) {
	switch p := p.(type) {
	case *x402.DepositPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature, true
	case *x402.RefundPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature, true
	case *x402.VoucherPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature, true
	}
	return config, voucher, nil, false
}

// checkTerms holds the terms that the client accepted against those of their till.
func (s *Seller) checkTerms(t *till.Till, accepted *x402.Requirements, price vouchers.Amount) *terms.Refusal {
	switch {
	case accepted.Asset != t.Token.Address:
		return terms.Refuse(x402.ErrTokenMismatch, "the asset is %s, this shop takes %s", accepted.Asset, t.Token.Address)
	case accepted.PayTo != s.payTo:
		return terms.Refuse(x402.ErrReceiverMismatch, "payTo is %s, this shop is paid to %s", accepted.PayTo, s.payTo)
	case accepted.Amount < price:
		return priceDiffers(accepted.Amount, price)
	}
	return nil
}

func priceDiffers(agreed, price vouchers.Amount) *terms.Refusal {
	differs := terms.Refuse(x402.ErrCumulativeAmountMismatch, "the accepted amount is %s, the price is %s", agreed, price)
	differs.Logged = terms.PriceDiffers
	return differs
}

func (s *Seller) checkConfig(t *till.Till, c vouchers.ChannelConfig) *terms.Refusal {
	want := s.tills.Config(t, c.Payer)
	switch {
	case c.Receiver != want.Receiver:
		return terms.Refuse(x402.ErrReceiverMismatch, "the channel's receiver is %s, this shop is paid to %s", c.Receiver, want.Receiver)
	case c.ReceiverAuthorizer != want.ReceiverAuthorizer:
		return terms.Refuse(x402.ErrReceiverAuthorizerMismatch, "the channel's receiver authorizer is %s, this shop's is %s", c.ReceiverAuthorizer, want.ReceiverAuthorizer)
	case c.PayerAuthorizer == (common.Address{}):
		return terms.Refuse(x402.ErrAuthorizerNotConfigured, "the channel names no payer authorizer, and its payer might become a contract that takes its vouchers back: name the payer's own key or a session key")
	case c.Token != want.Token:
		return terms.Refuse(x402.ErrTokenMismatch, "the channel's token is %s, this shop takes %s", c.Token, want.Token)
	case c.WithdrawDelay != want.WithdrawDelay:
		return terms.Refuse(x402.ErrWithdrawDelayMismatch, "the channel's withdraw delay is %d s, this shop asks for %d s", c.WithdrawDelay, want.WithdrawDelay)
	}
	if err := c.Validate(); err != nil {
		return terms.Refuse(x402.ErrPayload, "%v", err)
	}
	return nil
}

// shown is a refusal of the payment, which tells of its channel what who sent it may see.
func (p *Payment) shown(r *terms.Refusal) *terms.Refusal {
	if r == nil || r.Channel == nil {
		return r
	}
	shown := *r
	shown.Public = !p.maySee(*r.Channel)
	return &shown
}

// maySee reports whether a payment whose voucher's signature is good shows that its
// sender is the payer: its voucher is not on chain, or it has an order to see the state.
func (p *Payment) maySee(ch ledger.Channel) bool {
	return !terms.IsBurnt(ch, p.Voucher.Ceiling) || p.isOrdered(ch, "state", "") == nil
}

// isOrdered refuses a payment without the payer's order for this. Its error is nil if
// there is one.
func (p *Payment) isOrdered(ch ledger.Channel, action, subject string) error {
	if p.order == nil {
		return order.ErrUnsigned
	}
	order := order.Order{Action: action, Channel: ch.ID, Subject: subject, Deadline: p.order.Deadline}
	return order.Check(p.order.Signature, ch.Config.VoucherSigner(), time.Now())
}

// explain adds the channel's state to a refusal that a client recovers from by
// signing over it. The state holds the payer's last voucher, so it is shown to who can
// sign for the channel and to nobody else: a voucher whose call failed can still pay.
func (s *Seller) explain(refused *terms.Refusal, p *Payment) *terms.Refusal {
	id := p.Voucher.Channel
	if refused.Code != x402.ErrCumulativeAmountMismatch || p.till.Escrow.Domain().ChannelID(p.Config) != id {
		return refused
	}
	if s.checkVoucher(p) != nil {
		if p.short {
			return p.unknown()
		}
		return refused
	}
	if channel, ok := s.ledger.Channel(id); ok {
		refused.Channel = &channel
	}
	return p.shown(refused)
}

// AcceptVoucher is [Seller.accept] for what takes a voucher alone.
func (s *Seller) AcceptVoucher(l *sale.Line, payload *x402.PaymentPayload, price vouchers.Amount) (*Payment, *terms.Refusal) {
	inFull{payload}.namesPayer(l)
	p, refused := s.accept(payload, price)
	if refused != nil {
		return nil, refused
	}
	if _, ok := p.body.(*x402.VoucherPayload); !ok {
		return nil, terms.Refuse(x402.ErrPayloadType, "this tool takes a voucher, not a %T", p.body)
	}
	return p, nil
}

// Nothing is the receipt of a payment that was charged nothing, so that its payer has it back.
// It is false for a stranger, who is not told where the channel stands.
func (s *Seller) Nothing(l *sale.Line, brought sale.Presented) (sale.Told, bool) {
	payment := broughtBy(brought)
	if payment == nil {
		return sale.Told{}, false
	}
	payment.namesPayer(l)
	p, refused := payment.accept(s, 0)
	if refused != nil || s.checkVoucher(p) != nil {
		return sale.Told{}, false
	}
	channel, known := s.ledger.Channel(p.Voucher.Channel)
	if !known {
		return sale.Told{}, false
	}
	if p.short {
		return sale.Told{Short: &short.Paid{Count: channel.Count(), Balance: channel.Balance}}, p.maySee(channel)
	}
	response, nothing := s.seen(p, channel), vouchers.Amount(0)
	response.Extra.ChargedAmount = &nothing
	return sale.Told{Response: response}, true
}
