package mpp_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// entry is the charge of the tests in the terms of x402.
func entry() *x402.Requirements {
	return &x402.Requirements{
		Scheme: x402.SchemeExact, Network: "eip155:84532", Amount: 1000, Asset: token, PayTo: payee, MaxTimeoutSeconds: 300,
		Extra: x402.Extra{Name: "USDC", Version: "2"},
	}
}

func TestAnEntryOfX402BecomesAChallengeAndAnEntryAgain(t *testing.T) {
	c, err := mpp.FromRequirements(entry(), "tools.example", then)
	if err != nil {
		t.Fatal(err)
	}
	if expires, err := c.Deadline(); err != nil || !expires.Equal(then.Add(5*time.Minute)) {
		t.Errorf("%v: it expires at %v", err, expires)
	}
	if charge, err := c.Charge(); err != nil || charge.Decimals == nil || *charge.Decimals != 6 {
		t.Errorf("%v: the charge is %+v", err, charge)
	}
	again, err := c.Requirements("USDC", "2", then)
	if err != nil || !reflect.DeepEqual(again, entry()) {
		t.Errorf("%v: got %+v, want %+v", err, again, entry())
	}
}

func TestAnEntryForEverBecomesAChallengeForAYear(t *testing.T) {
	r := entry()
	r.MaxTimeoutSeconds = 1<<53 - 1
	c, err := mpp.FromRequirements(r, "tools.example", then)
	if err != nil {
		t.Fatal(err)
	}
	if expires, err := c.Deadline(); err != nil || !expires.Equal(then.Add(365*24*time.Hour)) {
		t.Errorf("%v: it expires at %v", err, expires)
	}
}

func TestAChallengeOfMppxBecomesAnEntryOfX402(t *testing.T) {
	asked, err := mpp.ParseWWWAuthenticate([]string{read(t).HTTP.Challenge})
	if err != nil {
		t.Fatal(err)
	}
	got, err := asked[0].Requirements("USDC", "2", then)
	if err != nil {
		t.Fatal(err)
	}
	want := entry()
	want.MaxTimeoutSeconds = uint64(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - then.Unix())
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := asked[0].Requirements("USDC", "2", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, mpp.ErrExpired) {
		t.Errorf("when it is over: %v", err)
	}
}

func TestAnEntryThatNoAuthorizationPaysBecomesNoChallenge(t *testing.T) {
	for name, change := range map[string]func(*x402.Requirements){
		"another scheme":          func(r *x402.Requirements) { r.Scheme = x402.SchemeUpto },
		"a scheme nobody knows":   func(r *x402.Requirements) { r.Scheme = "gift" },
		"another family of chain": func(r *x402.Requirements) { r.Network = "solana:x" },
		"Permit2":                 func(r *x402.Requirements) { r.Extra.AssetTransferMethod = x402.TransferPermit2 },
	} {
		r := entry()
		change(r)
		if c, err := mpp.FromRequirements(r, "tools.example", then); !errors.Is(err, mpp.ErrUnsupported) {
			t.Errorf("%s: %v, %+v", name, err, c)
		}
	}
}

func TestACredentialBecomesAPaymentOfX402(t *testing.T) {
	_, credential := paid(t)
	payment, err := credential.Payment(entry())
	if err != nil {
		t.Fatal(err)
	}
	header, err := x402.EncodeHeader(payment)
	if err != nil {
		t.Fatal(err)
	}
	read, err := x402.DecodeHeader[x402.PaymentPayload](header)
	if err != nil {
		t.Fatal(err)
	}
	a := credential.Authorization
	want := &x402.AuthorizationPayload{
		Signature: a.Signature,
		Authorization: x402.TransferAuthorization{
			From: payer, To: payee, Value: 1000, ValidAfter: 0, ValidBefore: uint64(then.Unix()) + 300, Nonce: credential.Challenge.Nonce(),
		},
	}
	if !reflect.DeepEqual(read.Payload, want) || !read.Accepted.Is(x402.SchemeExact) || read.Accepted.PayTo != payee {
		t.Errorf("read as %+v of %+v, want %+v", read.Payload, read.Accepted, want)
	}
}

func TestACredentialForSomethingElseIsNoPayment(t *testing.T) {
	for name, change := range map[string]func(*x402.Requirements){
		"the scheme":    func(r *x402.Requirements) { r.Scheme = x402.SchemeUpto },
		"the chain":     func(r *x402.Requirements) { r.Network = "eip155:8453" },
		"the amount":    func(r *x402.Requirements) { r.Amount++ },
		"the currency":  func(r *x402.Requirements) { r.Asset = payer },
		"the recipient": func(r *x402.Requirements) { r.PayTo = payer },
	} {
		_, credential := paid(t)
		accepted := entry()
		change(accepted)
		if p, err := credential.Payment(accepted); !errors.Is(err, mpp.ErrForeign) {
			t.Errorf("%s: %v, %+v", name, err, p)
		}
	}
}

func TestAnAnswerOfX402BecomesAReceipt(t *testing.T) {
	_, c := issued(t, nil)
	hash := common.HexToHash("0x12").Hex()
	for name, answer := range map[string]struct{ transaction, reference string }{
		"settled":         {hash, hash},
		"not settled yet": {"", "authorization:" + c.Nonce().Hex()},
	} {
		r, err := mpp.FromSettlement(&x402.SettlementResponse{Success: true, Transaction: answer.transaction}, c, then)
		if err != nil || r.Reference != answer.reference || r.ChallengeID != c.ID || r.Method != mpp.MethodEVM || !r.Timestamp.Equal(then) {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
	}
	if r, err := mpp.FromSettlement(&x402.SettlementResponse{ErrorReason: x402.ErrInsufficientFunds}, c, then); !errors.Is(err, mpp.ErrMismatch) {
		t.Errorf("failed: %v, %+v", err, r)
	}
}
