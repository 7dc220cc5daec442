package v1_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	v1 "github.com/chitpay/chit/x402/v1"
)

// golden is what a stock client or server wrote; see scripts/vectors.
func golden(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err == nil {
		data, err = json.Marshal(json.RawMessage(data))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func tree(tb testing.TB, data []byte) (v any) {
	tb.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		tb.Fatalf("%v in %s", err, data)
	}
	return v
}

// roundTrip decodes a stock document, and checks that it is written as it was.
func roundTrip[D v1.Document](t *testing.T, name string) *D {
	t.Helper()
	document, err := v1.Decode[D]([]byte(golden(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	data, err := v1.Encode(document)
	if err != nil || !reflect.DeepEqual(tree(t, data), tree(t, []byte(golden(t, name)))) {
		t.Errorf("%s is written as %s, %v", name, data, err)
	}
	header, err := v1.EncodeHeader(document)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v1.DecodeHeader[D](header); err != nil || !reflect.DeepEqual(document, again) {
		t.Errorf("%s through a header is %+v, %v", name, again, err)
	}
	return document
}

func TestDocumentsOfStockPackagesRoundTripWithoutLoss(t *testing.T) {
	terms := roundTrip[v1.PaymentRequired](t, "payment-required")
	payment := roundTrip[v1.PaymentPayload](t, "payment")
	receipt := roundTrip[v1.SettlementResponse](t, "settlement")
	way, paid := terms.Accepts[0], payment.Payload.Authorization
	if terms.X402Version != 1 || way.MaxAmountRequired != 1000 || way.Network != "base-sepolia" || way.MaxTimeoutSeconds != 60 || way.Extra.Name != "USDC" ||
		way.OutputSchema == nil || payment.Scheme != x402.SchemeExact || paid.To != way.PayTo || paid.Value != 1000 || paid.ValidAfter != 1_789_999_400 ||
		!receipt.Success || receipt.Payer != paid.From || len(receipt.Transaction) != 66 {
		t.Errorf("read as %+v, %+v and %+v", terms, payment, receipt)
	}
}

func TestHeadersOfStockPackagesAreRead(t *testing.T) {
	var headers map[string]string
	if err := json.Unmarshal([]byte(golden(t, "headers")), &headers); err != nil {
		t.Fatal(err)
	}
	if p, err := v1.DecodeHeader[v1.PaymentPayload](headers[v1.HeaderPayment]); err != nil || p.Network != "base-sepolia" {
		t.Errorf("%+v, %v", p, err)
	}
	if r, err := v1.DecodeHeader[v1.SettlementResponse](headers[v1.HeaderResponse]); err != nil || !r.Success {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := v1.DecodeHeader[v1.PaymentPayload]("{}"); !errors.Is(err, x402.ErrMalformed) {
		t.Errorf("plain JSON: %v", err)
	}
}

func TestPaymentsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		why, from, to, place string
		err                  error
		code                 x402.ErrorCode
	}{
		{"version 2", `"x402Version":1`, `"x402Version":2`, "x402Version", x402.ErrVersion, x402.ErrX402Version},
		{"a version in quotes", `"x402Version":1`, `"x402Version":"1"`, "x402Version", x402.ErrVersion, x402.ErrX402Version},
		{"no version", `"x402Version":1,`, ``, "x402Version", x402.ErrMalformed, x402.ErrPayload},
		{"another scheme", `"scheme":"exact"`, `"scheme":"upto"`, "scheme", x402.ErrUnsupported, x402.ErrExactScheme},
		{"no scheme", `"scheme":"exact",`, ``, "scheme", x402.ErrMalformed, x402.ErrExactScheme},
		{"another family of chains", `"network":"base-sepolia"`, `"network":"solana"`, "network", x402.ErrUnsupported, x402.ErrExactNetworkMismatch},
		{"a chain of version 2", `"network":"base-sepolia"`, `"network":"eip155:84532"`, "network", x402.ErrUnsupported, x402.ErrExactNetworkMismatch},
		{"a network that is a number", `"network":"base-sepolia"`, `"network":84532`, "network", x402.ErrMalformed, x402.ErrExactNetworkMismatch},
		{"no payload", `"payload":{`, `"payloads":{`, "payload", x402.ErrMalformed, x402.ErrPayload},
		{"no signature", `"signature"`, `"signed"`, "payload.signature", x402.ErrMalformed, x402.ErrExactSignatureForm},
		{"a value of 2^64", `"value":"1000"`, `"value":"18446744073709551616"`, "payload.authorization.value", x402.ErrMalformed, x402.ErrPayload},
		{"a nonce of 33 bytes", `"nonce":"0x`, `"nonce":"0xab`, "payload.authorization.nonce", x402.ErrMalformed, x402.ErrPayload},
		{"the scheme twice", `"scheme":"exact"`, `"scheme":"exact","scheme":"exact"`, "scheme", x402.ErrMalformed, x402.ErrExactScheme},
		{"a list", `{"x402Version"`, `[{"x402Version"`, "", x402.ErrMalformed, x402.ErrPayload},
		{"too much", `{"x402Version"`, `{"padding":"` + strings.Repeat("x", x402.DefaultMaxBytes) + `","x402Version"`, "", x402.ErrTooLarge, x402.ErrPayload},
		{"deep nesting", `{"x402Version"`, `{"deep":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `,"x402Version"`, "", x402.ErrTooDeep, x402.ErrPayload},
	} {
		text := strings.Replace(golden(t, "payment"), c.from, c.to, 1)
		_, err := v1.Decode[v1.PaymentPayload]([]byte(text))
		var where *x402.DecodeError
		if !errors.Is(err, c.err) || v1.CodeOf(err) != c.code || errors.As(err, &where) && where.Path != c.place || c.place != "" && where == nil {
			t.Errorf("%s: %v, code %s; want it at %q, code %s", c.why, err, v1.CodeOf(err), c.place, c.code)
		}
		if err != nil && (len(err.Error()) > 400 || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: the message is %q", c.why, err)
		}
	}
}

func TestAPaymentIsKnownByItsVersion(t *testing.T) {
	two, err := os.ReadFile("../testdata/payment-exact-eip3009.json")
	if err != nil {
		t.Fatal(err)
	}
	if !v1.IsOf([]byte(golden(t, "payment"))) {
		t.Error("one of version 1 is none")
	}
	bent := strings.Replace(string(two), `"x402Version": 2`, `"x402Version": 1`, 1)
	for _, text := range []string{string(two), bent, ``, `{}`, `[]`, `{"x402Version":3}`, `{"x402Version":1}`, `{"x402Version":1,"x402Version":2,"scheme":"exact"}`} {
		if v1.IsOf([]byte(text)) {
			t.Errorf("%s is of version 1", text)
		}
	}
}

func TestChainsHaveTheNamesOfVersion1(t *testing.T) {
	// EVM_NETWORK_CHAIN_ID_MAP of @x402/evm 2.27, which has all of npm x402 1.2.
	names := map[string]uint64{
		"ethereum": 1, "sepolia": 11155111, "abstract": 2741, "abstract-testnet": 11124, "base-sepolia": 84532, "base": 8453, "avalanche-fuji": 43113,
		"avalanche": 43114, "iotex": 4689, "sei": 1329, "sei-testnet": 1328, "polygon": 137, "polygon-amoy": 80002, "peaq": 3338, "story": 1514,
		"educhain": 41923, "skale-base-sepolia": 324705682, "megaeth": 4326, "monad": 143, "stable": 988, "stable-testnet": 2201, "celo": 42220, "flare": 14,
	}
	for name, id := range names {
		if got, ok := v1.ChainID(name); !ok || got != id {
			t.Errorf("%s: %d, %v", name, got, ok)
		}
		if got, ok := v1.NetworkOf(id); !ok || got != name {
			t.Errorf("%d: %s, %v", id, got, ok)
		}
	}
	if _, ok := v1.ChainID("eip155:1"); ok {
		t.Error("a name of version 2 is known")
	}
	if name, ok := v1.NetworkOf(31337); ok {
		t.Errorf("a local chain is %s", name)
	}
}

// offer is an entry that version 1 has.
func offer() x402.Requirements {
	return x402.Requirements{
		Scheme: x402.SchemeExact, Network: "eip155:84532", Amount: 1000, Asset: common.HexToAddress("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
		PayTo: common.HexToAddress("0xE77fFfB9E3097b84ff8a60E662aE1A54f9217290"), MaxTimeoutSeconds: 60, Extra: x402.Extra{Name: "USDC", Version: "2"},
	}
}

func TestTermsAreThoseWaysThatVersion1Has(t *testing.T) {
	bent := func(bend func(*x402.Requirements)) x402.Requirements {
		r := offer()
		bend(&r)
		return r
	}
	channel := bent(func(r *x402.Requirements) { r.Scheme, r.Extra.WithdrawDelay = x402.SchemeBatchSettlement, 900 })
	upto := bent(func(r *x402.Requirements) { r.Scheme, r.Extra.FacilitatorAddress = x402.SchemeUpto, r.PayTo })
	permit2 := bent(func(r *x402.Requirements) { r.Extra.AssetTransferMethod = x402.TransferPermit2 })
	nameless := bent(func(r *x402.Requirements) { r.Extra.Name = "" })
	local := bent(func(r *x402.Requirements) { r.Network = "eip155:31337" })
	young := bent(func(r *x402.Requirements) { r.Network = "eip155:1" }) // x402-fetch 1.2 throws at its name
	other := bent(func(r *x402.Requirements) {
		r.Network, r.Extra.AssetTransferMethod = "eip155:8453", x402.TransferEIP3009
	})
	resource := x402.Resource{URL: "https://tools.example/search", Description: "Search the web", MimeType: "application/json"}
	terms, ok := v1.Terms(x402.Refuse(resource, []x402.Requirements{channel, upto, offer(), permit2, nameless, local, young, other}, x402.ErrPaymentRequired, ""))
	if !ok || len(terms.Accepts) != 2 || terms.Accepts[1].Network != "base" || terms.Error != "payment_required" {
		t.Fatalf("%+v, %v", terms, ok)
	}
	data, err := v1.Encode(terms)
	if err != nil {
		t.Fatal(err)
	}
	stock := tree(t, []byte(golden(t, "payment-required"))).(map[string]any)["accepts"].([]any)[0].(map[string]any)
	delete(stock, "outputSchema")
	if ours := tree(t, data).(map[string]any)["accepts"].([]any)[0]; !reflect.DeepEqual(ours, any(stock)) {
		t.Errorf("got  %v\nwant %v", ours, stock)
	}
	if terms, ok := v1.Terms(x402.Refuse(resource, []x402.Requirements{channel, local}, "", "")); ok {
		t.Errorf("there is nothing for version 1, and it is offered %+v", terms)
	}
	bare, _ := v1.Terms(x402.Refuse(x402.Resource{URL: "mcp://tool/search"}, []x402.Requirements{offer()}, "", ""))
	if data, err := v1.Encode(bare); err != nil || !strings.Contains(string(data), `"description":"","mimeType":""`) {
		t.Errorf("members that wallets want are missing: %s, %v", data, err)
	}
}

func TestAPaymentIsThatOfVersion2UnderTheEntryThatItPays(t *testing.T) {
	payment, err := v1.Decode[v1.PaymentPayload]([]byte(golden(t, "payment")))
	if err != nil {
		t.Fatal(err)
	}
	dear, elsewhere, channel := offer(), offer(), offer()
	dear.Amount, elsewhere.Network, channel.Scheme = 2000, "eip155:8453", x402.SchemeBatchSettlement
	if paid, ok := payment.Paid([]x402.Requirements{channel, elsewhere, dear, offer()}); !ok || !reflect.DeepEqual(paid, offer()) {
		t.Errorf("it pays %+v, %v", paid, ok)
	}
	if paid, ok := payment.Paid([]x402.Requirements{elsewhere, dear}); !ok || !reflect.DeepEqual(paid, dear) {
		t.Errorf("it pays %+v, %v", paid, ok)
	}
	if paid, ok := payment.Paid([]x402.Requirements{channel, elsewhere}); ok {
		t.Errorf("it pays %+v", paid)
	}
	two, err := payment.V2(offer())
	if err != nil || !reflect.DeepEqual(two.Accepted, offer()) || !reflect.DeepEqual(two.Payload, &payment.Payload) {
		t.Errorf("%+v, %v", two, err)
	}
	header, err := x402.EncodeHeader(two)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := x402.DecodeHeader[x402.PaymentPayload](header); err != nil || !reflect.DeepEqual(again.Payload, two.Payload) {
		t.Errorf("%+v, %v", again, err)
	}
	for _, other := range []x402.Requirements{elsewhere, channel} {
		if two, err := payment.V2(other); !errors.Is(err, x402.ErrUnsupported) {
			t.Errorf("%+v, %v", two, err)
		}
	}
}

func TestAnEntryIsThatOfVersion2(t *testing.T) {
	terms, err := v1.Decode[v1.PaymentRequired]([]byte(golden(t, "payment-required")))
	if err != nil {
		t.Fatal(err)
	}
	way := terms.Accepts[0]
	if two, err := way.V2(); err != nil || !reflect.DeepEqual(two, offer()) {
		t.Errorf("%+v, %v", two, err)
	}
	foreign, other := way, way
	foreign.Network, other.Scheme = "solana", "upto"
	for _, r := range []v1.Requirements{foreign, other} {
		if two, err := r.V2(); !errors.Is(err, x402.ErrUnsupported) {
			t.Errorf("%+v, %v", two, err)
		}
	}
}

func TestAReceiptIsThatOfVersion2WithoutItsAmount(t *testing.T) {
	amount := vouchers.Amount(1000)
	response := v1.Response(&x402.SettlementResponse{Success: true, Transaction: "0x" + strings.Repeat("ab", 32), Network: "eip155:84532", Payer: offer().PayTo, Amount: &amount})
	data, err := v1.Encode(response)
	if want := `{"success":true,"payer":"0xE77fFfB9E3097b84ff8a60E662aE1A54f9217290","transaction":"0x` + strings.Repeat("ab", 32) + `","network":"base-sepolia"}`; err != nil || string(data) != want {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
	failed := v1.Response(&x402.SettlementResponse{ErrorReason: x402.ErrExactNonceUsed, Network: "eip155:31337"})
	if failed.Success || failed.ErrorReason != x402.ErrExactNonceUsed || failed.Network != "eip155:31337" {
		t.Errorf("%+v", failed)
	}
}

// fuzz checks that what a decoder takes is written as what is read as the same.
func fuzz[D v1.Document](f *testing.F, names ...string) {
	for _, name := range names {
		f.Add([]byte(golden(f, name)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := v1.Decode[D](data)
		if err != nil {
			if text := err.Error(); strings.Contains(text, "\n") {
				t.Errorf("the message is %q", text)
			}
			return
		}
		encoded, err := v1.Encode(first)
		if err != nil {
			t.Fatalf("%v encoding %+v", err, first)
		}
		second, err := v1.Decode[D](encoded, x402.WithMaxBytes(8*x402.DefaultMaxBytes))
		if err != nil {
			t.Fatalf("%v in %s", err, encoded)
		}
		if again, err := v1.Encode(second); err != nil || string(again) != string(encoded) {
			t.Fatalf("%v\n%s\n%s", err, encoded, again)
		}
	})
}

func FuzzDecodePaymentRequired(f *testing.F) { fuzz[v1.PaymentRequired](f, "payment-required") }

func FuzzDecodePayment(f *testing.F) { fuzz[v1.PaymentPayload](f, "payment") }

func FuzzDecodeSettlementResponse(f *testing.F) { fuzz[v1.SettlementResponse](f, "settlement") }
