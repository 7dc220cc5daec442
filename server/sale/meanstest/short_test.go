package meanstest_test

import (
	"net/http"
	"testing"

	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// shortSigners pay by voucher in the short form.
func shortSigners(identified bool) func(testing.TB, *meanstest.Place, vouchers.Amount) meanstest.Payer {
	return func(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
		return shortSigner{&signer{openChannel(t, at, budget), identified}}
	}
}

type shortSigner struct{ *signer }

func (s shortSigner) Pay(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return inShort(t, s.signer.Pay(t, price).(*signed))
}

func (s shortSigner) Forge(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return inShort(t, s.signer.Forge(t, price).(*signed))
}

// inShort is the same payment in the short form.
func inShort(t testing.TB, p *signed) brief {
	t.Helper()
	voucher := p.Payload.(*x402.VoucherPayload).Voucher
	compact, err := voucher.Signature.Compact()
	if err != nil {
		t.Fatal(err)
	}
	payment := short.Payment{Channel: voucher.ChannelID, Ceiling: voucher.MaxClaimableAmount, Amount: p.Accepted.Amount, Signature: compact}
	if payment.Identifier, err = extension.PaymentIdentifier(p.Extensions); err != nil {
		t.Fatal(err)
	}
	text, err := payment.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return brief(text)
}

// brief is a payment in the short form.
type brief string

func (b brief) OnCall(meta map[string]any) { meta[short.MetaPay] = string(b) }

func (b brief) OnRequest(r *http.Request) error {
	r.Header.Set(short.HeaderPay, string(b))
	return nil
}
