package envelope_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

// firstTerms are the terms of version 1 in a text.
func firstTerms(t testing.TB, text string) *v1.PaymentRequired {
	t.Helper()
	required, err := v1.Decode[v1.PaymentRequired]([]byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return required
}

// paysFirst is a payment of version 1 for its terms.
func (w *wallet) paysFirst(t testing.TB, r v1.Requirements) *v1.PaymentPayload {
	t.Helper()
	way, err := r.V2()
	if err != nil {
		t.Fatal(err)
	}
	return &v1.PaymentPayload{X402Version: v1.Version, Scheme: r.Scheme, Network: r.Network, Payload: *w.signs(t, &way)}
}

func firstHeader[D v1.Document](t testing.TB, document *D) string {
	t.Helper()
	header, err := v1.EncodeHeader(document)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

func TestVersion1PaysForAPage(t *testing.T) {
	p := openPages(t, offer.Accept{offer.Exact, offer.BatchSettlement})
	w := newWallet(t, 2*pagePrice)
	resp, body := p.get(t, "", "")
	asked := firstTerms(t, body)
	way := asked.Accepts[0]
	if resp.StatusCode != http.StatusPaymentRequired || len(asked.Accepts) != 1 || way.Network != "base-sepolia" || way.MaxAmountRequired != pagePrice || way.Resource != p.url {
		t.Errorf("answered %d with the terms %+v, want it at %s", resp.StatusCode, asked, p.url)
	}
	payment := firstHeader(t, w.paysFirst(t, way))
	for range 2 {
		resp, body := p.get(t, v1.HeaderPayment, payment)
		receipt, err := v1.DecodeHeader[v1.SettlementResponse](resp.Header.Get(v1.HeaderResponse))
		if resp.StatusCode != http.StatusOK || body != "the page" || err != nil {
			t.Fatalf("answered %d: %s; the receipt is %+v, %v", resp.StatusCode, body, receipt, err)
		}
		if !receipt.Success || receipt.Network != "base-sepolia" || receipt.Payer != w.Address() || len(receipt.Transaction) != 66 || resp.Header.Get(x402.HeaderPaymentResponse) != "" {
			t.Errorf("the receipt is %+v in %v", receipt, resp.Header)
		}
	}
	if p.runs.Load() != 1 || w.balance(t) != pagePrice {
		t.Errorf("%d runs, %s left", p.runs.Load(), w.balance(t))
	}
}

func TestWhatVersion1CannotPayIsRefusedInItsWords(t *testing.T) {
	p := openPages(t, offer.Accept{offer.Exact, offer.BatchSettlement})
	w := newWallet(t, pagePrice)
	_, body := p.get(t, "", "")
	good := w.paysFirst(t, firstTerms(t, body).Accepts[0])
	raw, err := v1.Encode(good)
	if err != nil {
		t.Fatal(err)
	}
	bent := func(from, to string) string {
		return base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(raw), from, to, 1)))
	}
	for why, c := range map[string]struct {
		header string
		code   x402.ErrorCode
	}{
		"another scheme":        {bent(`"scheme":"exact"`, `"scheme":"upto"`), x402.ErrExactScheme},
		"a chain without tills": {bent(`"base-sepolia"`, `"base"`), x402.ErrExactNetworkMismatch},
		"a chain without name":  {bent(`"base-sepolia"`, `"solana"`), x402.ErrExactNetworkMismatch},
		"version 2":             {bent(`"x402Version":1`, `"x402Version":2`), x402.ErrX402Version},
		"another price":         {bent(`"value":"`, `"value":"1`), x402.ErrExactValueMismatch},
	} {
		resp, body := p.get(t, v1.HeaderPayment, c.header)
		if refused := firstTerms(t, body); resp.StatusCode != http.StatusPaymentRequired || refused.Error != string(c.code) || refused.ErrorMessage == "" || len(refused.Accepts) == 0 {
			t.Errorf("%s is answered %d with %s, want %s", why, resp.StatusCode, body, c.code)
		}
	}
	if resp, body := p.get(t, v1.HeaderPayment, "garbage"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("garbage is answered %d: %s", resp.StatusCode, body)
	}
	if w.balance(t) != pagePrice || p.runs.Load() != 0 {
		t.Errorf("%s left after %d runs", w.balance(t), p.runs.Load())
	}
}

func TestWhoPaysInVersion2IsRefusedInItsWords(t *testing.T) {
	p := openPages(t, offer.Accept{offer.Exact, offer.BatchSettlement})
	w := newWallet(t, 0)
	resp, _ := p.get(t, "", "")
	asked, err := x402.DecodeHeader[x402.PaymentRequired](resp.Header.Get(x402.HeaderPaymentRequired))
	if err != nil {
		t.Fatal(err)
	}
	way := asked.Accepts[0]
	payment, err := x402.EncodeHeader(&x402.PaymentPayload{Accepted: way, Payload: w.signs(t, &way)})
	if err != nil {
		t.Fatal(err)
	}
	_, body := p.get(t, x402.HeaderPaymentSignature, payment)
	if required, err := x402.DecodePaymentRequired([]byte(body)); err != nil || required.Error != x402.ErrExactInsufficientBalance {
		t.Errorf("answered %s, %v", body, err)
	}
}

func TestWhereNothingIsForVersion1TheBodyIsOfVersion2(t *testing.T) {
	for why, accept := range map[string]offer.Accept{"no transfers": nil, "the words of MPP": {offer.BatchSettlement, offer.MPP}} {
		p := openPages(t, accept)
		_, body := p.get(t, "", "")
		if _, err := x402.DecodePaymentRequired([]byte(body)); err != nil {
			t.Errorf("%s: %v in %s", why, err, body)
		}
	}
}

func TestVersion1PaysForATool(t *testing.T) {
	o := shoptest.Options(t)
	o.Accept = offer.Accept{offer.Exact, offer.BatchSettlement}
	shop := shoptest.Open(t, o)
	w := newWallet(t, shoptest.USDC)
	unpaid := callTool(t, shop.URL, "hash", nil)
	if !unpaid.IsError || len(unpaid.Content) != 2 {
		t.Fatalf("an unpaid call is answered %+v", unpaid)
	}
	way := firstTerms(t, unpaid.Content[1].Text).Accepts[0]
	if way.Resource != "mcp://tool/hash" || way.Network != "base-sepolia" {
		t.Errorf("the terms are %+v", way)
	}
	for name, c := range map[string]struct {
		value  func(*v1.PaymentPayload) any
		answer string
	}{
		v1.MetaPayment:   {func(p *v1.PaymentPayload) any { return firstHeader(t, p) }, v1.MetaPaymentResponse},
		x402.MetaPayment: {func(p *v1.PaymentPayload) any { return p }, x402.MetaPaymentResponse},
	} {
		payment, before := c.value(w.paysFirst(t, way)), w.balance(t)
		for range 2 {
			paid := callTool(t, shop.URL, "hash", map[string]any{name: payment})
			receipt, err := v1.Decode[v1.SettlementResponse](paid.Meta[c.answer])
			if paid.IsError || err != nil || !receipt.Success || receipt.Network != "base-sepolia" || len(receipt.Transaction) != 66 {
				t.Errorf("%s is answered %+v with the receipt %+v, %v", name, paid, receipt, err)
			}
		}
		if paid := before - w.balance(t); paid != way.MaxAmountRequired {
			t.Errorf("%s is paid by %s", name, paid)
		}
	}
}

func TestAToolIsNotPaidByWhatIsNoPaymentOfVersion1(t *testing.T) {
	o := shoptest.Options(t)
	o.Accept = offer.Accept{offer.Exact}
	shop := shoptest.Open(t, o)
	w := newWallet(t, shoptest.USDC)
	way := firstTerms(t, callTool(t, shop.URL, "hash", nil).Content[1].Text).Accepts[0]
	good := w.paysFirst(t, way)
	upto := *good
	upto.Scheme = x402.SchemeUpto
	for why, c := range map[string]struct {
		meta map[string]any
		code x402.ErrorCode
	}{
		"no text":                    {map[string]any{v1.MetaPayment: good}, x402.ErrPayload},
		"no base64":                  {map[string]any{v1.MetaPayment: "{}"}, x402.ErrPayload},
		"another scheme":             {map[string]any{v1.MetaPayment: firstHeader(t, &upto)}, x402.ErrExactScheme},
		"another scheme in the open": {map[string]any{x402.MetaPayment: &upto}, x402.ErrExactScheme},
		"two of them":                {map[string]any{v1.MetaPayment: firstHeader(t, good), x402.MetaPayment: good}, x402.ErrPayload},
	} {
		refused := callTool(t, shop.URL, "hash", c.meta)
		if !refused.IsError || len(refused.Content) != 2 {
			t.Errorf("%s is answered %+v", why, refused)
			continue
		}
		var required x402.PaymentRequired
		if err := json.Unmarshal([]byte(refused.Content[0].Text), &required); err != nil || required.Error != c.code || firstTerms(t, refused.Content[1].Text).Error != string(c.code) {
			t.Errorf("%s is refused with %s, %v; want %s", why, refused.Content[0].Text, err, c.code)
		}
	}
	if w.balance(t) != shoptest.USDC {
		t.Errorf("%s left", w.balance(t))
	}
}

func TestAShopThatIsPaidByVersion1SaysSo(t *testing.T) {
	o := shoptest.Options(t)
	o.Accept = offer.Accept{offer.Exact}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(shoptest.Open(t, o).URL, "/mcp")+"/llms.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, page := answered(t, req); resp.StatusCode != http.StatusOK || !strings.Contains(page, "- By x402, version 1: ") {
		t.Errorf("answered %d with\n%s", resp.StatusCode, page)
	}
}
