package meanstest_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/sale/meanstest"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func TestVouchers(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{Open: signers(true), UsedUp: string(x402.ErrCumulativeExceedsBalance)})
}

func TestVouchersInTheShortForm(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{Open: shortSigners(true), UsedUp: string(x402.ErrCumulativeExceedsBalance), Rewords: true})
}

func TestVouchersWithoutAnIdentifier(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{Open: signers(false), UsedUp: string(x402.ErrCumulativeExceedsBalance), Except: unidentified})
}

func TestVouchersInTheShortFormWithoutAnIdentifier(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{Open: shortSigners(false), UsedUp: string(x402.ErrCumulativeExceedsBalance), Rewords: true, Except: unidentified})
}

var unidentified = map[meanstest.Rule]string{
	meanstest.AnswersAfterStop: "the answer to a payment without an identifier is kept in memory alone",
	meanstest.AnswersFreeAgain: "a ceiling that was charged nothing is free to pay for another call, of which this is one",
}

func TestCreditTokens(t *testing.T) {
	meanstest.Run(t, meanstest.Subject{Open: holders(true), UsedUp: string(credit.CodeBudgetExhausted)})
}

func TestCreditTokensWithoutAnIdentifier(t *testing.T) {
	const another = "a call on a token without an identifier is another call each time"
	meanstest.Run(t, meanstest.Subject{
		Open: holders(false), UsedUp: string(credit.CodeBudgetExhausted),
		Except: map[meanstest.Rule]string{
			meanstest.AnswersAgain: another, meanstest.AnswersAfterStop: another, meanstest.AnswersAllAlike: another, meanstest.AnswersDearer: another,
			meanstest.RefusesAnother: another, meanstest.AnswersFreeAgain: another,
		},
	})
}

func signers(identified bool) func(testing.TB, *meanstest.Place, vouchers.Amount) meanstest.Payer {
	return func(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
		return &signer{openChannel(t, at, budget), identified}
	}
}

// signer pays by voucher.
type signer struct {
	*channel
	identified bool
}

func (s *signer) Pay(t testing.TB, price vouchers.Amount) meanstest.Payment {
	voucher, signature := s.sign(t, price)
	return s.payment(t, price, voucher, signature)
}

// Forge is a voucher that another key has signed.
func (s *signer) Forge(t testing.TB, price vouchers.Amount) meanstest.Payment {
	voucher := vouchers.Voucher{Channel: s.id, Ceiling: s.signed + price}
	var other keys.Signer = shoptest.Key(t, "forger")
	signature, err := other.SignHash(t.Context(), s.domain.VoucherDigest(voucher))
	if err != nil {
		t.Fatal(err)
	}
	return s.payment(t, price, voucher, signature)
}

func (s *signer) payment(t testing.TB, price vouchers.Amount, v vouchers.Voucher, signature vouchers.Signature) meanstest.Payment {
	t.Helper()
	p := signed{Accepted: s.terms, Payload: &x402.VoucherPayload{
		ChannelConfig: s.config, Voucher: x402.SignedVoucher{ChannelID: v.Channel, MaxClaimableAmount: v.Ceiling, Signature: signature},
	}}
	p.Accepted.Amount = price
	if s.identified {
		var err error
		if p.Extensions, err = extension.WithPaymentIdentifier(nil, "pay_"+strings.ToLower(rand.Text())); err != nil {
			t.Fatal(err)
		}
	}
	return &p
}

// signed is a payment of x402.
type signed x402.PaymentPayload

func (s *signed) OnCall(meta map[string]any) { meta[x402.MetaPayment] = (*x402.PaymentPayload)(s) }

func (s *signed) OnRequest(r *http.Request) error {
	header, err := x402.EncodeHeader((*x402.PaymentPayload)(s))
	r.Header.Set(x402.HeaderPaymentSignature, header)
	return err
}

// holders have a grant each, beside another of the same channel whose money is not theirs.
func holders(identified bool) func(testing.TB, *meanstest.Place, vouchers.Amount) meanstest.Payer {
	return func(t testing.TB, at *meanstest.Place, budget vouchers.Amount) meanstest.Payer {
		t.Helper()
		c := openChannel(t, at, 2*budget)
		c.grant(t, at, budget)
		return &holder{c, c.grant(t, at, budget), identified}
	}
}

// grant is a token for a budget, which is set aside in the channel.
func (c *channel) grant(t testing.TB, at *meanstest.Place, budget vouchers.Amount) (token string) {
	t.Helper()
	voucher, signature := c.sign(t, budget)
	purse, err := at.Ledger.Reserve(t.Context(), ledger.Payment{Deployment: c.domain.Deployment(), Config: c.config, Voucher: voucher, Signature: signature, Price: budget})
	if err != nil {
		t.Fatal(err)
	}
	caveats, err := macaroon.Scope{Budget: budget, Expires: time.Now().Add(time.Hour)}.Caveats()
	if err != nil {
		t.Fatal(err)
	}
	request := credit.Request{Channel: c.id, Payer: c.key.Address(), Caveats: caveats}
	if _, err := rand.Read(request.Nonce[:]); err != nil {
		t.Fatal(err)
	}
	_, granted, err := at.Credit.Grant(t.Context(), request, purse)
	if err != nil {
		t.Fatal(err)
	}
	return granted.Text()
}

// holder pays on a credit token.
type holder struct {
	*channel
	token      string
	identified bool
}

func (h *holder) Pay(testing.TB, vouchers.Amount) meanstest.Payment {
	if !h.identified {
		return named{token: h.token}
	}
	return named{token: h.token, identifier: rand.Text()}
}

func (h *holder) Forge(testing.TB, vouchers.Amount) meanstest.Payment {
	return named{token: h.token[:len(h.token)-4] + "AAAA", identifier: rand.Text()}
}
