package server_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// attested is the receipt of the extension offer-receipt, whoever signed it.
func attested(t testing.TB, extensions x402.Extensions) extension.ServiceReceipt {
	t.Helper()
	var carried struct {
		Info struct {
			Receipt struct{ Payload extension.ServiceReceipt }
		}
	}
	if err := json.Unmarshal(extensions[extension.NameOfferReceipt], &carried); err != nil {
		t.Fatalf("%v in %v", err, extensions)
	}
	return carried.Info.Receipt.Payload
}

// visitor asks a shop for pages, which cost a price each.
type visitor struct {
	*customer
	route http.Handler
	paid  vouchers.Amount
}

// asks sends the request line "GET target" with a Host of the visitor's choice.
func (v *visitor) asks(target, host string, payment *x402.PaymentPayload) http.Header {
	v.t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = host
	if payment != nil {
		header, err := x402.EncodeHeader(payment)
		if err != nil {
			v.t.Fatal(err)
		}
		r.Header.Set(x402.HeaderPaymentSignature, header)
	}
	w := httptest.NewRecorder()
	v.route.ServeHTTP(w, r)
	return w.Result().Header
}

// places are what the terms, the shop's receipt and that of the extension name a page.
func (v *visitor) places(target, host string) [3]string {
	v.t.Helper()
	terms, err := x402.DecodeHeader[x402.PaymentRequired](v.asks(target, host, nil).Get(x402.HeaderPaymentRequired))
	if err != nil {
		v.t.Fatal(err)
	}
	v.paid += price
	payment := v.pays(v.paid)
	payment.Extensions = terms.Extensions
	answer := v.asks(target, host, payment)
	receipt, err := receipts.ParseHeader(answer.Get(onhttp.HeaderReceipt))
	if err != nil {
		v.t.Fatal(err)
	}
	response, err := x402.DecodeHeader[x402.SettlementResponse](answer.Get(x402.HeaderPaymentResponse))
	if err != nil {
		v.t.Fatal(err)
	}
	return [3]string{terms.Resource.URL, receipt.Resource, attested(v.t, response.Extensions).ResourceURL}
}

func TestABuyerDoesNotChooseTheHostThatASellerSigns(t *testing.T) {
	for base, want := range map[string]map[string]string{
		"": {
			"/today": "/today", "/today?for=me": "/today", "http://bank.example/today": "/today", "//bank.example/today": "/.//bank.example/today",
			`/\bank.example`: "/%5Cbank.example", "*": "/*",
		},
		"https://shop.example/api/": {
			"/today": "https://shop.example/api/today", "http://bank.example": "https://shop.example/api/", "//bank.example/today": "https://shop.example/api//bank.example/today",
			"*": "https://shop.example/api/*",
		},
	} {
		o := selling(t)
		o.BaseURL = base
		shop := shoptest.Open(t, o, new(tool).add)
		v := &visitor{customer: regular(t, shop, "visitor of "+base, usdc)}
		v.route = shop.SellHTTP(server.HTTPOffer{Name: "all", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		for target, want := range want {
			if got := v.places(target, "bank.example"); got != [3]string{want, want, want} {
				t.Errorf("below %q, %s is sold as %q, want %q", base, target, got, want)
			}
		}
	}
}

func TestAShopWithoutAPlaceIsToldWhoCannotPayIt(t *testing.T) {
	for _, test := range []struct {
		base     string
		shop, of offer.Accept
		warned   bool
	}{
		{"", offer.Accept{offer.BatchSettlement, offer.MPP}, nil, true},
		{"", nil, offer.Accept{offer.Exact}, true},
		{"", nil, nil, false},
		{"", offer.Accept{offer.MPP}, offer.Accept{offer.BatchSettlement}, false},
		{"https://shop.example", offer.Accept{offer.Exact, offer.MPP}, nil, false},
	} {
		var log lockedBuffer
		o := selling(t)
		o.BaseURL, o.Accept, o.Logger = test.base, test.shop, slog.New(slog.NewTextHandler(&log, nil))
		shop := shoptest.Open(t, o, new(tool).add)
		shop.SellHTTP(server.HTTPOffer{Name: "GET /today", Accept: test.of})
		if got := strings.Contains(log.String(), "set baseURL") && strings.Contains(log.String(), "GET /today"); got != test.warned {
			t.Errorf("at %q, by %v and %v, it logs %q", test.base, test.shop, test.of, log.String())
		}
	}
}

func TestASellerSignsWhoProvedToPayAndNotWhomAChannelNames(t *testing.T) {
	shop := shoptest.Open(t, selling(t), new(tool).add)
	owner := newCustomer(t, shop, "payer")
	session := shoptest.Key(t, "session")
	c := sibling(t, shop, owner, 1, session)
	terms := send(t.Context(), t, shop.URL, "work", nil, nil).refusal()
	payment := c.pays(price)
	payment.Extensions = terms.Extensions
	if got := attested(t, c.call("work", payment).receipt().Extensions).Payer; got != session.Address().Hex() {
		t.Errorf("over MCP the payer is %s, want the voucher's signer %s", got, session.Address())
	}
	v := &visitor{customer: c}
	v.route = shop.SellHTTP(server.HTTPOffer{Name: "all", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	payment = c.pays(2 * price)
	payment.Extensions = terms.Extensions
	response, err := x402.DecodeHeader[x402.SettlementResponse](v.asks("/today", "shop.example", payment).Get(x402.HeaderPaymentResponse))
	if err != nil {
		t.Fatal(err)
	}
	if got := attested(t, response.Extensions).Payer; got != session.Address().Hex() {
		t.Errorf("over HTTP the payer is %s, want the voucher's signer %s", got, session.Address())
	}
}

func TestABaseURLIsAPlaceAndNothingMore(t *testing.T) {
	for text, want := range map[string]string{
		"https://Shop.example": "https://shop.example", "HTTP://127.0.0.1:8402/": "http://127.0.0.1:8402", "https://shop.example/a%20b/": "https://shop.example/a%20b",
		"shop.example": "", "": "", "ftp://shop.example": "", "https://": "", "https:///a": "", "https://:443": "", "https:shop.example": "",
		"https://bank.example@shop.example": "", "https://shop.example?": "", "https://shop.example/?a=b": "", "https://shop.example/#a": "", "https://shop.example#": "",
	} {
		got, err := onhttp.ParseBaseURL(text)
		if got != want || (want == "") != errors.Is(err, onhttp.ErrBaseURL) {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	o := shoptest.Options(t)
	o.BaseURL = "https://shop.example/?a=b"
	if shop, err := server.Open(t.Context(), o); !errors.Is(err, onhttp.ErrBaseURL) {
		t.Errorf("a shop opens with it: %v, %v", shop, err)
	}
}
