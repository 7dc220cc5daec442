package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
	"github.com/chitpay/chit/x402/short"
)

// shortly is a payment by voucher in the short form.
func (c *customer) shortly(p *x402.PaymentPayload) string {
	c.t.Helper()
	voucher := p.Payload.(*x402.VoucherPayload).Voucher
	compact, err := voucher.Signature.Compact()
	if err != nil {
		c.t.Fatal(err)
	}
	payment := short.Payment{Channel: voucher.ChannelID, Ceiling: voucher.MaxClaimableAmount, Amount: p.Accepted.Amount, Signature: compact}
	if payment.Identifier, err = extension.PaymentIdentifier(p.Extensions); err != nil {
		c.t.Fatal(err)
	}
	text, err := payment.Encode()
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// callBy calls "work" with such a _meta.
func (c *customer) callBy(meta map[string]any) answer {
	c.t.Helper()
	return post(c.t.Context(), c.t, c.url, callBody(c.t, map[string]any{"name": "work", "arguments": map[string]any{}, "_meta": meta}))
}

// paid is what a result says in the short form, and false if it says nothing so.
func (a answer) paid() (short.Paid, bool) {
	a.t.Helper()
	if a.result == nil || a.result.Meta == nil || a.result.Meta.AdditionalFields[short.MetaPaid] == nil {
		return short.Paid{}, false
	}
	told, err := short.ParsePaid(a.result.Meta.AdditionalFields[short.MetaPaid].(string))
	if err != nil {
		a.t.Fatalf("%v in %s", err, a.raw)
	}
	return told, true
}

// mirrored opens a route that gives back what it is sent.
func mirrored(t testing.TB, shop *shoptest.Shop) string {
	route := httptest.NewServer(shop.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })))
	t.Cleanup(route.Close)
	return route.URL
}

// requestBy makes a request with such headers, in pairs.
func requestBy(t testing.TB, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answered, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(answered)
}

func headerOf(t testing.TB, p *x402.PaymentPayload) string {
	t.Helper()
	header, err := x402.EncodeHeader(p)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestTheTermsAnnounceTheShortForm(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	over := send(t.Context(), t, shop.URL, "work", nil, nil).refusal().Accepts
	_, body := requestBy(t, mirrored(t, shop), "")
	onRoute, err := x402.DecodePaymentRequired([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range append(over, onRoute.Accepts...) {
		if entry.Extra.Short != short.Version {
			t.Errorf("the entry of %s announces version %d", entry.Network, entry.Extra.Short)
		}
	}
}

func TestAShortPaymentIsAnsweredInAsFewWords(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	got := c.callBy(map[string]any{short.MetaPay: c.shortly(c.pays(price))})
	told, ok := got.paid()
	if want := (short.Paid{Charged: price, Count: price, Balance: usdc}); !ok || told != want || got.text() != "done" {
		t.Errorf("answered %s, which is told as %+v, want %+v", got.raw, told, want)
	}
	if got.result.Meta.AdditionalFields[x402.MetaPaymentResponse] != nil {
		t.Errorf("both forms are in %s", got.raw)
	}
	resp, body := requestBy(t, mirrored(t, shop), "a", short.HeaderPay, c.shortly(c.pays(2*price)))
	told, err := short.ParsePaid(resp.Header.Get(short.HeaderPaid))
	if want := (short.Paid{Charged: price, Count: 2 * price, Balance: usdc}); err != nil || told != want || body != "a" || resp.Header.Get(x402.HeaderPaymentResponse) != "" {
		t.Errorf("%v: answered %s %s with %v, which is told as %+v, want %+v", err, resp.Status, body, resp.Header, told, want)
	}
	if charged := c.ledger(shop).Charged; charged != 2*price || work.runs.Load() != 1 {
		t.Errorf("charged %s in %d runs", charged, work.runs.Load())
	}
}

func TestAVoucherInBothFormsIsOnePayment(t *testing.T) {
	for name, identified := range map[string]bool{"with an identifier": true, "without one": false} {
		t.Run(name, func(t *testing.T) {
			work := new(tool)
			shop := shoptest.Open(t, selling(t), work.add)
			c := regular(t, shop, "payer", usdc)
			payment := func(n vouchers.Amount) *x402.PaymentPayload {
				p := c.pays(n * price)
				if identified {
					p = c.identified(p, identifier+strings.Repeat("x", int(n)))
				}
				return p
			}
			one, two, url := payment(1), payment(2), mirrored(t, shop)
			full, brief := c.callBy(map[string]any{x402.MetaPayment: one}), c.callBy(map[string]any{short.MetaPay: c.shortly(one)})
			if string(full.raw) != string(brief.raw) || full.receipt().Extra.ChargedAmount == nil {
				t.Errorf("the same payment is answered %s, and in the short form %s", full.raw, brief.raw)
			}
			first, a := requestBy(t, url, "a", short.HeaderPay, c.shortly(two))
			again, b := requestBy(t, url, "a", x402.HeaderPaymentSignature, headerOf(t, two))
			if a != "a" || b != "a" || first.Header.Get(short.HeaderPaid) == "" || first.Header.Get(short.HeaderPaid) != again.Header.Get(short.HeaderPaid) {
				t.Errorf("the same payment is answered %s with %v, and in the other form %s with %v", a, first.Header, b, again.Header)
			}
			if charged := c.ledger(shop).Charged; charged != 2*price || work.runs.Load() != 1 {
				t.Errorf("charged %s in %d runs", charged, work.runs.Load())
			}
			if another := requestByCode(t, url, "b", short.HeaderPay, c.shortly(two)); another < 400 {
				t.Errorf("another request with the same payment is answered %d", another)
			}
		})
	}
}

func requestByCode(t testing.TB, url, body string, headers ...string) int {
	resp, _ := requestBy(t, url, body, headers...)
	return resp.StatusCode
}

func TestOnlyOnePaymentMayComeWithARequest(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	full, brief := c.pays(price), c.shortly(c.pays(price))
	for name, meta := range map[string]map[string]any{
		"small": {x402.MetaPayment: full, short.MetaPay: brief},
		"large": {x402.MetaPayment: full, short.MetaPay: brief, "text": strings.Repeat("x", 100<<10)},
	} {
		if got := c.callBy(meta).refusal(); got.Error != x402.ErrPayload && name == "small" || !strings.Contains(got.ErrorMessage, short.MetaPay) {
			t.Errorf("a %s call is refused with %s: %s", name, got.Error, got.ErrorMessage)
		}
	}
	url := mirrored(t, shop)
	for name, headers := range map[string][]string{
		"both forms": {short.HeaderPay, brief, x402.HeaderPaymentSignature, headerOf(t, full)},
		"two":        {short.HeaderPay, brief, short.HeaderPay, c.shortly(c.pays(2 * price))},
	} {
		if resp, body := requestBy(t, url, "a", headers...); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "want one") {
			t.Errorf("%s: %s %s", name, resp.Status, body)
		}
	}
	if charged := c.ledger(shop).Charged; charged != 0 || work.runs.Load() != 0 {
		t.Errorf("charged %s in %d runs", charged, work.runs.Load())
	}
}

// A stranger learns nothing by the short form, and makes the shop ask nobody.
func TestAShortPaymentThatNobodyHasSignedIsAsOneOfAnUnknownChannel(t *testing.T) {
	url, requests := meteredRPC(t)
	options := selling(t)
	options.RPC = url
	work := new(tool)
	shop := shoptest.Open(t, options, work.add)
	c, nobody := regular(t, shop, "payer", usdc), newCustomer(t, shop, "stranger")
	forged := c.pays(price)
	forged.Payload.(*x402.VoucherPayload).Voucher.Signature = nobody.sign(price).Signature
	cheap := c.pays(price)
	cheap.Payload.(*x402.VoucherPayload).Voucher.Signature, cheap.Accepted.Amount = nobody.sign(price).Signature, price-1
	before, route := requests.Load(), mirrored(t, shop)
	unknown := c.callBy(map[string]any{short.MetaPay: nobody.shortly(nobody.pays(price))}).refusal()
	if unknown.Error != x402.ErrChannelNotFound || len(unknown.Accepts) == 0 {
		t.Errorf("an unknown channel is refused with %+v", unknown)
	}
	for name, p := range map[string]*x402.PaymentPayload{"another key": forged, "another key, for too little": cheap} {
		for padding, extra := range map[string]string{"small": "", "large": strings.Repeat("x", 100<<10)} {
			got := c.callBy(map[string]any{short.MetaPay: c.shortly(p), "text": extra}).refusal()
			if got.Error != unknown.Error || got.ErrorMessage != strings.ReplaceAll(unknown.ErrorMessage, nobody.id.Hex(), c.id.Hex()) || got.Accepts[0].Extra.ChannelState != nil {
				t.Errorf("a %s call by %s is refused with %s: %s", padding, name, got.Error, got.ErrorMessage)
			}
		}
		if code := requestByCode(t, route, "a", short.HeaderPay, c.shortly(p)); code != http.StatusPaymentRequired {
			t.Errorf("a request by %s is answered %d", name, code)
		}
	}
	if n := requests.Load() - before; n != 0 {
		t.Errorf("the chain is asked %d times", n)
	}
	if charged := c.ledger(shop).Charged; charged != 0 || work.runs.Load() != 0 {
		t.Errorf("charged %s in %d runs", charged, work.runs.Load())
	}
}

func TestARefusedShortPaymentIsToldItsStateInFull(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.callBy(map[string]any{short.MetaPay: c.shortly(c.pays(price))})
	cheap := c.pays(2 * price)
	cheap.Accepted.Amount = price - 1
	for name, text := range map[string]string{
		"a ceiling that is used": c.shortly(c.pays(price)), "a lower price": c.shortly(cheap), "a ceiling above the balance": c.shortly(c.pays(2 * usdc)),
	} {
		got := post(t.Context(), t, c.url, callBody(t, map[string]any{"name": "work", "arguments": map[string]any{"n": 2}, "_meta": map[string]any{short.MetaPay: text}})).refusal()
		state := got.Accepts[0].Extra.ChannelState
		if state == nil || state.ChargedCumulativeAmount == nil || *state.ChargedCumulativeAmount != price {
			t.Errorf("%s: refused with %s (%s) and the state %+v", name, got.Error, got.ErrorMessage, state)
		}
	}
}

func TestWhatIsNoShortPaymentIsRefused(t *testing.T) {
	work := new(tool)
	shop := shoptest.Open(t, selling(t), work.add)
	c := regular(t, shop, "payer", usdc)
	good, route := c.shortly(c.pays(price)), mirrored(t, shop)
	for name, value := range map[string]any{"no text": 1, "an object": c.pays(price), "cut off": good[:100], "another alphabet": strings.Repeat("+", 152), "empty": ""} {
		if got := c.callBy(map[string]any{short.MetaPay: value}).refusal(); got.Error != x402.ErrPayload {
			t.Errorf("%s: refused with %s: %s", name, got.Error, got.ErrorMessage)
		}
		if text, ok := value.(string); ok && text != "" {
			if resp, body := requestBy(t, route, "", short.HeaderPay, text); resp.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: answered %s %s", name, resp.Status, body)
			}
		}
	}
	if got := c.callBy(map[string]any{short.MetaPay: "Ag" + good[2:]}).refusal(); got.Error != x402.ErrX402Version {
		t.Errorf("another version: refused with %s", got.Error)
	}
	if work.runs.Load() != 0 {
		t.Errorf("%d runs", work.runs.Load())
	}
}
