package words_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	v1 "github.com/chitpay/chit/x402/v1"
)

const secret = "a secret of a test, of thirty-two bytes and more"

var way = x402.Requirements{
	Scheme: x402.SchemeExact, Network: "eip155:8453", Amount: 1000, Asset: common.HexToAddress("0x01"), PayTo: common.HexToAddress("0x02"),
	MaxTimeoutSeconds: 60, Extra: x402.Extra{Name: "USD Coin", Version: "2"},
}

func challenge(t *testing.T) mpp.Challenge {
	t.Helper()
	c, err := mpp.FromRequirements(&way, "shop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := mpp.NewIssuer(secret)
	if err == nil {
		err = issuer.Issue(c, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return *c
}

func asks(t *testing.T, asked *words.Asked, first, byChallenge bool) {
	t.Helper()
	if asked == nil || len(asked.Required.Accepts) != 1 {
		t.Fatalf("it asks %+v", asked)
	}
	got := asked.Required.Accepts[0]
	if got.Amount != way.Amount || got.Network != way.Network || got.PayTo != way.PayTo || got.Asset != way.Asset {
		t.Errorf("it asks %+v, want %+v", got, way)
	}
	if asked.Manner.First != first || (asked.Manner.Challenge(0) != nil) != byChallenge {
		t.Errorf("its manner is %+v", asked.Manner)
	}
}

func TestTermsAreReadInWhicheverWordsTheyComeOverMCP(t *testing.T) {
	terms := x402.Refuse(x402.Resource{URL: "mcp://tool/echo"}, []x402.Requirements{way}, x402.ErrPaymentRequired, "")
	second, err := terms.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	older, _ := v1.Terms(terms)
	first, err := v1.Encode(older)
	if err != nil {
		t.Fatal(err)
	}
	required, err := mpp.Required{Challenges: []mpp.Challenge{challenge(t)}}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	asks(t, words.OfResult(second, "", nil), false, false)
	asks(t, words.OfResult(nil, string(first), nil), true, false)
	asks(t, words.OfResult(nil, "", map[string]json.RawMessage{mpp.MetaRequired: required}), false, true)
	asks(t, words.OfError(required), false, true)
	asks(t, words.OfError(first), true, false)
	if asked := words.OfResult(nil, "no such thing", nil); asked != nil {
		t.Errorf("a failure asks %+v", asked)
	}
}

func TestAChallengeIsNoneWhoseHeaderTheRequestHasInUse(t *testing.T) {
	c := challenge(t)
	head := http.Header{}
	head.Set(mpp.HeaderChallenge, c.WWWAuthenticate())
	asked, err := words.OfResponse(head, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	asks(t, asked, false, true)
	if asked, err := words.OfResponse(head, nil, http.Header{"Authorization": {"Bearer mine"}}); err == nil {
		t.Errorf("it asks %+v", asked)
	}
}

func TestAPaymentIsWrittenAndItsReceiptReadInTheSameWords(t *testing.T) {
	c := challenge(t)
	credential, err := c.Authorize(common.HexToAddress("0x03"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	credential.Authorization.Signature = make(vouchers.Signature, 65)
	first := &v1.PaymentPayload{X402Version: v1.Version, Scheme: x402.SchemeExact, Network: "base"}
	tx := common.HexToHash("0x05").Hex()
	receipt, err := mpp.Receipt{Method: mpp.MethodEVM, Reference: tx, Timestamp: time.Now()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	settled, err := v1.Encode(&v1.SettlementResponse{Success: true, Transaction: tx, Network: "base"})
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []struct {
		paid   words.Payment
		header string
		member string
		answer map[string]json.RawMessage
	}{
		{words.Payment{Credential: credential}, mpp.HeaderCredential, mpp.MetaCredential, map[string]json.RawMessage{mpp.MetaReceipt: receipt}},
		{words.Payment{First: first}, v1.HeaderPayment, v1.MetaPayment, map[string]json.RawMessage{v1.MetaPaymentResponse: settled}},
	} {
		name, value, err := of.paid.Header()
		if err != nil || name != of.header || value == "" {
			t.Errorf("its header is %s: %s, %v; want %s", name, value, err, of.header)
		}
		members, err := of.paid.Members()
		if err != nil || members[of.member] == nil {
			t.Errorf("its members are %s, %v; want %s", members, err, of.member)
		}
		if r := of.paid.ReceiptOf(of.answer); r == nil || !r.Success || r.Transaction != tx || r.Network != way.Network {
			t.Errorf("its receipt is read as %+v", r)
		}
	}
}
