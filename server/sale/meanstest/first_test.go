package meanstest_test

import (
	"net/http"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

func TestTransfersOfVersion1(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{
		Options: func(o *server.Options) { o.Accept = offer.Accept{offer.Exact, offer.BatchSettlement} },
		Open: func(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
			return firstSpender{spenders(t, at, budget).(*spender)}
		},
		UsedUp: string(x402.ErrExactInsufficientBalance), Snap: snap, Resumes: true, Rewords: true,
		Except: ofVersion1,
	})
}

var ofVersion1 = map[meanstest.Rule]string{
	meanstest.ChargesMeters:    wholeTransfers[meanstest.ChargesMeters],
	meanstest.ChargesInParts:   wholeTransfers[meanstest.ChargesInParts],
	meanstest.GivesAllowances:  "a receipt of version 1 has no word for a call that cost nothing: there is none",
	meanstest.AnswersFreeAgain: "the same",
}

// firstSpender pays by a transfer for each call, in the words of x402's first version.
type firstSpender struct{ *spender }

func (s firstSpender) Pay(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return inFirst(t, s.spender.Pay(t, price).(*signed))
}

func (s firstSpender) Forge(t testing.TB, price vouchers.Amount) meanstest.Payment {
	return inFirst(t, s.spender.Forge(t, price).(*signed))
}

// inFirst is the same payment in the words of the first version.
func inFirst(t testing.TB, p *signed) first {
	t.Helper()
	network, ok := v1.NetworkOf(shoptest.Net.Client.ChainID())
	if !ok {
		t.Fatal("the chain of the tests has no name")
	}
	header, err := v1.EncodeHeader(&v1.PaymentPayload{
		X402Version: v1.Version, Scheme: x402.SchemeExact, Network: network, Payload: *p.Payload.(*x402.AuthorizationPayload),
	})
	if err != nil {
		t.Fatal(err)
	}
	return first(header)
}

// first is a payment of the first version.
type first string

func (f first) OnCall(meta map[string]any) { meta[v1.MetaPayment] = string(f) }

func (f first) OnRequest(r *http.Request) error {
	r.Header.Set(v1.HeaderPayment, string(f))
	return nil
}
