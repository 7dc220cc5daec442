package pay

import (
	"context"
	"crypto/rand"
	"encoding/base64"

	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// purchaseOrder is the voucher of a call before it is known in which form it is sent. In both
// forms it is the same payment.
type purchaseOrder struct {
	terms      *terms.Terms
	config     vouchers.ChannelConfig
	voucher    x402.SignedVoucher
	deposit    *deposit.Signed // nil if none comes with it
	identifier string          // makes sending it again safe
}

// payment signs a voucher, and puts it beside a deposit if there is one.
func (p *Payer) payment(ctx context.Context, ch *channel, t *terms.Terms, ceiling vouchers.Amount, d *deposit.Signed) (*purchaseOrder, error) {
	voucher, err := p.sign(ctx, ch, ceiling)
	if err != nil {
		return nil, err
	}
	return &purchaseOrder{t, ch.Config, voucher, d, newIdentifier()}, nil
}

func (o *purchaseOrder) inFull() (*x402.PaymentPayload, error) {
	if o.deposit != nil {
		return wrap(o.terms, &x402.DepositPayload{ChannelConfig: o.config, Voucher: o.voucher, Deposit: *o.deposit.Deposit}, o.identifier)
	}
	return wrap(o.terms, &x402.VoucherPayload{ChannelConfig: o.config, Voucher: o.voucher}, o.identifier)
}

func (o *purchaseOrder) inShort() (string, error) {
	signature, err := o.voucher.Signature.Compact()
	if err != nil {
		return "", err
	}
	payment := short.Payment{
		Channel: o.voucher.ChannelID, Ceiling: o.voucher.MaxClaimableAmount, Amount: o.terms.Accepted.Amount,
		Signature: signature, Identifier: o.identifier,
	}
	return payment.Encode()
}

// isShort says whether a payment goes in the short form: its server announces that it takes it,
// has charged the channel before, so that it knows it, and has never said otherwise.
func (p *Payer) isShort(ch *channel, o *purchaseOrder) bool {
	return !p.stock && o.deposit == nil && o.terms.Accepted.Extra.Short == short.Version && !ch.wantsFull.Load() && ch.forgotten.Load() == 0 && ch.Total() > 0
}

// offer sends the payment of a call in the short form where it can be, and in full where the
// server says that this tells it too little, or has to be shown a receipt.
func (p *Payer) offer(ctx context.Context, ch *channel, w *Want, o *purchaseOrder) (a *Answer, again bool, err error) {
	if p.isShort(ch, o) {
		text, err := o.inShort()
		if err != nil {
			return nil, false, err
		}
		a, again, err = p.send(ctx, w, &words.Payment{Short: text})
		switch {
		case err == nil && asksReceipt(a, ch) > 0:
			ch.forgotten.Store(asksReceipt(a, ch))
		case err != nil || a.Required == nil || !tooShort[a.Required.Error]:
			return a, again, err
		default:
			ch.wantsFull.Store(true)
		}
	}
	full, err := o.inFull()
	if err != nil {
		return nil, again, err
	}
	a, more, err := p.sendFull(ctx, ch, w, full)
	return a, again || more, err
}

// tooShort are the refusals of a short payment whose server may take it in full: it does not
// know the channel, it was not shown the payment, or it knows another version.
var tooShort = map[x402.ErrorCode]bool{x402.ErrChannelNotFound: true, x402.ErrPaymentRequired: true, x402.ErrX402Version: true}

// newIdentifier is one that nobody has used, of 22 characters.
func newIdentifier() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never returns an error
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// wrap completes a payload with what its server has announced, and an identifier.
func wrap(t *terms.Terms, payload x402.Payload, identifier string) (*x402.PaymentPayload, error) {
	extensions, err := extension.WithPaymentIdentifier(t.Announced, identifier)
	if err != nil {
		return nil, err
	}
	if t.Accepted.Extra.Short != 0 { // the server knows chit's extensions
		extensions = extension.KeepsReceipts(extensions)
	}
	return &x402.PaymentPayload{Resource: &t.Resource, Accepted: t.Accepted, Payload: payload, Extensions: extensions}, nil
}
