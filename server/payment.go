package server

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// payment is an x402 payment that fits what this shop sells. Its signature is not
// checked yet.
type payment struct {
	till       *till // the shop's, of the terms that the client accepted
	byPermit2  bool  // the accepted terms are those of deposits by Permit2
	body       x402.Payload
	config     vouchers.ChannelConfig
	voucher    vouchers.Voucher
	signature  vouchers.Signature
	identifier string
	receipt    bool // of the extension offer-receipt is asked for
	order      *x402.PayerOrder
	ordered    bool // the order is the payer's, and for what the payment asks for
}

// payment reads the payment of a request and holds it against the terms of its line.
func (s *Shop) payment(l *line, req mcp.CallToolRequest) (*payment, *refusal) {
	payload, refused := s.payloadOf(req)
	if refused != nil {
		return nil, refused
	}
	l.paidBy(payload)
	return s.accept(payload, l.price)
}

// accept holds a payment against the terms of a call at a price.
func (s *Shop) accept(payload *x402.PaymentPayload, price vouchers.Amount) (*payment, *refusal) {
	config, voucher, signature := channelOf(payload.Payload)
	till, refused := s.chosen(&payload.Accepted)
	if refused != nil {
		return nil, refused
	}
	byPermit2 := payload.Accepted.Extra.AssetTransferMethod == x402.TransferPermit2
	if byPermit2 && !till.permit2 || !byPermit2 && !till.token.EIP3009 {
		return nil, refuseWith(x402.ErrPaymentRequirements, "the asset transfer method is %q, which this shop does not offer", payload.Accepted.Extra.AssetTransferMethod)
	}
	p := &payment{till: till, byPermit2: byPermit2, body: payload.Payload, config: config, voucher: voucher, signature: signature}
	if refused := s.checkTerms(till, &payload.Accepted, price); refused != nil {
		return nil, s.explain(refused, p)
	}
	identifier, err := x402.PaymentIdentifier(payload.Extensions)
	if err != nil {
		return nil, refuseWith(x402.ErrPayload, "%v", err)
	}
	p.identifier, p.receipt = identifier, x402.WantsReceipt(payload.Extensions)
	if p.order, err = x402.Order(payload.Extensions); err != nil {
		return nil, refuseWith(x402.ErrPayload, "%v", err)
	}
	if refused := s.checkConfig(till, config); refused != nil {
		return nil, refused
	}
	if id := till.escrow.Domain().ChannelID(config); id != voucher.Channel {
		return nil, refuseWith(x402.ErrChannelIDMismatch, "the config's channel id under escrow %s is %s, the voucher names %s", till.deployment, id, voucher.Channel)
	}
	return p, nil
}

func (s *Shop) payloadOf(req mcp.CallToolRequest) (*x402.PaymentPayload, *refusal) {
	if req.Params.Meta == nil {
		return nil, unpaid
	}
	value, ok := req.Params.Meta.AdditionalFields[x402.MetaPayment]
	if !ok {
		return nil, unpaid
	}
	payload, err := s.payments.DecodeValue(value)
	if err != nil {
		return nil, refuseWith(x402.CodeOf(err), "%v", err)
	}
	return payload, nil
}

func channelOf(p x402.Payload) (vouchers.ChannelConfig, vouchers.Voucher, vouchers.Signature) {
	switch p := p.(type) {
	case *x402.DepositPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature
	case *x402.RefundPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature
	case *x402.VoucherPayload:
		return p.ChannelConfig, p.Voucher.Voucher(), p.Voucher.Signature
	}
	panic(fmt.Sprintf("payload of unknown type %T", p)) // x402.Payload is sealed
}

// checkTerms holds the terms that the client accepted against those of their till.
func (s *Shop) checkTerms(t *till, accepted *x402.Requirements, price vouchers.Amount) *refusal {
	switch {
	case accepted.Asset != t.token.Address:
		return refuseWith(x402.ErrTokenMismatch, "the asset is %s, this shop takes %s", accepted.Asset, t.token.Address)
	case accepted.PayTo != s.payTo:
		return refuseWith(x402.ErrReceiverMismatch, "payTo is %s, this shop is paid to %s", accepted.PayTo, s.payTo)
	case accepted.Amount < price:
		differs := refuseWith(x402.ErrCumulativeAmountMismatch, "the accepted amount is %s, the price is %s", accepted.Amount, price)
		differs.logged = codePriceDiffers
		return differs
	}
	return nil
}

func (s *Shop) checkConfig(t *till, c vouchers.ChannelConfig) *refusal {
	want := s.config(t, c.Payer)
	switch {
	case c.Receiver != want.Receiver:
		return refuseWith(x402.ErrReceiverMismatch, "the channel's receiver is %s, this shop is paid to %s", c.Receiver, want.Receiver)
	case c.ReceiverAuthorizer != want.ReceiverAuthorizer:
		return refuseWith(x402.ErrReceiverAuthorizerMismatch, "the channel's receiver authorizer is %s, this shop's is %s", c.ReceiverAuthorizer, want.ReceiverAuthorizer)
	case c.PayerAuthorizer == (common.Address{}):
		return refuseWith(x402.ErrAuthorizerNotConfigured, "the channel names no payer authorizer, and its payer might become a contract that takes its vouchers back: name the payer's own key or a session key")
	case c.Token != want.Token:
		return refuseWith(x402.ErrTokenMismatch, "the channel's token is %s, this shop takes %s", c.Token, want.Token)
	case c.WithdrawDelay != want.WithdrawDelay:
		return refuseWith(x402.ErrWithdrawDelayMismatch, "the channel's withdraw delay is %d s, this shop asks for %d s", c.WithdrawDelay, want.WithdrawDelay)
	}
	if err := c.Validate(); err != nil {
		return refuseWith(x402.ErrPayload, "%v", err)
	}
	return nil
}

// refusal is why a payment is not taken.
type refusal struct {
	code    x402.ErrorCode
	detail  string
	channel *vouchers.Channel // what a client needs to recover, if it is known
	// public says that of the channel only what is on chain is told.
	public bool
	// logged is the code in the log, where it says more than the standard's word; it may be empty.
	logged string
	// conflict says that the payment identifier is that of another payment or request.
	conflict bool
}

// shownTo is the refusal of a payment, which tells of its channel what who sent it may see.
func (r *refusal) shownTo(p *payment) *refusal {
	if r == nil || r.channel == nil {
		return r
	}
	shown := *r
	shown.public = !p.maySee(*r.channel)
	return &shown
}

// maySee reports whether a payment whose voucher's signature is good shows that its
// sender is the payer: its voucher is not on chain, or it has an order to see the state.
func (p *payment) maySee(ch vouchers.Channel) bool {
	return !isBurnt(ch, p.voucher.Ceiling) || p.isOrdered(ch, "state", "") == nil
}

// isOrdered refuses a payment without the payer's order for this. Its error is nil if
// there is one.
func (p *payment) isOrdered(ch vouchers.Channel, action, subject string) error {
	if p.order == nil {
		return credit.ErrOrder
	}
	order := credit.Order{Action: action, Channel: ch.ID, Subject: subject, Deadline: p.order.Deadline}
	return order.Check(p.order.Signature, ch.Config.VoucherSigner(), time.Now())
}

// codePriceDiffers is a payment that accepts less than the call costs: with other arguments,
// or since the price was raised. The standard has no word for it but that of a wrong
// ceiling, from which stock clients recover.
const codePriceDiffers = "price_differs"

// inTheLog is the refusal's code in the log, and its level: what is asked and answered in the
// course of paying is nothing that an operator needs to see.
func (r *refusal) inTheLog() (code string, level slog.Level) {
	switch {
	case r.logged != "":
		return r.logged, slog.LevelDebug
	case r.code == x402.ErrPaymentRequired:
		return string(r.code), slog.LevelDebug
	}
	return string(r.code), slog.LevelInfo
}

// unpaid is the refusal of a call that carries no payment: the terms.
var unpaid = &refusal{code: x402.ErrPaymentRequired}

func refuseWith(code x402.ErrorCode, format string, args ...any) *refusal {
	return &refusal{code: code, detail: fmt.Sprintf(format, args...)}
}

// explain adds the channel's state to a refusal that a client recovers from by
// signing over it. The state holds the payer's last voucher, so it is shown to who can
// sign for the channel and to nobody else: a voucher whose call failed can still pay.
func (s *Shop) explain(refused *refusal, p *payment) *refusal {
	id := p.voucher.Channel
	if refused.code != x402.ErrCumulativeAmountMismatch || p.till.escrow.Domain().ChannelID(p.config) != id || s.checkVoucher(p) != nil {
		return refused
	}
	if channel, ok := s.Ledger.Channel(id); ok {
		refused.channel = &channel
	}
	return refused.shownTo(p)
}

// codes gives x402's word for each of the ledger's refusals.
var codes = []struct {
	err  error
	code x402.ErrorCode
}{
	{vouchers.ErrChannelNotFound, x402.ErrChannelNotFound},
	{vouchers.ErrChannelID, x402.ErrChannelIDMismatch},
	{vouchers.ErrVoucherSignature, x402.ErrVoucherSignature},
	{vouchers.ErrSignatureUnavailable, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrCeilingBelowClaimed, x402.ErrCumulativeBelowClaimed},
	{vouchers.ErrCeilingBurnt, x402.ErrCumulativeAmountMismatch},
	{vouchers.ErrCeilingMismatch, x402.ErrCumulativeAmountMismatch},
	{vouchers.ErrCeilingAboveBalance, x402.ErrCumulativeExceedsBalance},
	{vouchers.ErrInsufficientBalance, x402.ErrInsufficientBalance},
	{vouchers.ErrWithdrawalPending, x402.ErrInsufficientBalance},
	{vouchers.ErrChannelStopped, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrChannelFrozen, x402.ErrChannelBusy},
	{vouchers.ErrChannelBusy, x402.ErrChannelBusy},
	{vouchers.ErrTooManyInFlight, x402.ErrChannelBusy},
	{vouchers.ErrIdentifier, x402.ErrPayload},
	{vouchers.ErrIdentifierConflict, x402.ErrPayload},
	{vouchers.ErrAnswerGone, x402.ErrCumulativeAmountMismatch},
	{vouchers.ErrUnwatched, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrStoreFailed, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrStoreFull, x402.ErrVerificationStateUnavailable},
}

// asRefusal puts an error of the ledger in x402's words.
func asRefusal(err error) *refusal {
	if err == nil {
		return nil
	}
	refused := &refusal{code: x402.ErrVerificationStateUnavailable, detail: toPayer(err), conflict: errors.Is(err, vouchers.ErrIdentifierConflict)}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			refused.code = c.code
			break
		}
	}
	if errors.Is(err, vouchers.ErrVoucherSignature) || errors.Is(err, vouchers.ErrSignatureUnavailable) {
		return refused // a stranger is not told what explain tells
	}
	var ledger *vouchers.Refusal
	if errors.As(err, &ledger) && ledger.State.ID != (vouchers.ChannelID{}) {
		refused.channel = &ledger.State
		below := errors.Is(err, vouchers.ErrCeilingBurnt) || errors.Is(err, vouchers.ErrCeilingBelowClaimed)
		refused.public = below && ledger.State.Burnt > 0
	}
	return refused
}
