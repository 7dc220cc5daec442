package extension_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// stockPayment is what a stock client sent.
func stockPayment(t *testing.T, name string) *x402.PaymentPayload {
	t.Helper()
	data, err := os.ReadFile("../testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	payment, err := x402.DecodePaymentPayload(data)
	if err != nil {
		t.Fatal(err)
	}
	return payment
}

func TestATokenPermitOfAStockClientIsRead(t *testing.T) {
	for _, name := range []string{"payment-exact-permit2", "payment-upto"} {
		payment := stockPayment(t, name)
		permit, err := extension.TokenPermitOf(payment.Extensions)
		if err != nil || permit == nil {
			t.Fatalf("%s: %+v, %v", name, permit, err)
		}
		signed := payment.Payload.(*x402.Permit2Payload).Permit2Authorization
		if permit.From != signed.From || permit.Asset != signed.Permitted.Token || permit.Spender != x402.Permit2 || permit.Amount.Uint64() != 1000 ||
			permit.Nonce.Uint64() != 3 || permit.Deadline != signed.Deadline || len(permit.Signature) != 65 || permit.Version != "1" {
			t.Errorf("%s: read as %+v", name, permit)
		}
		if signer, err := vouchers.Recover(digests(t)[name+" token permit"], permit.Signature); err != nil || signer != permit.From {
			t.Errorf("%s: signed by %s, %v", name, signer, err)
		}
	}
}

func digests(t *testing.T) (all map[string]common.Hash) {
	t.Helper()
	data, err := os.ReadFile("../testdata/digests.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnAnnouncementThatIsSentBackIsNoTokenPermit(t *testing.T) {
	for name, extensions := range map[string]x402.Extensions{
		"a stock server's": stockPayment(t, "payment-exact-eip3009").Extensions,
		"ours":             extension.AnnounceTokenPermits(nil),
		"nothing":          nil,
		"null":             {extension.NameTokenPermit: []byte("null")},
		"without info":     {extension.NameTokenPermit: []byte("{}")},
	} {
		if permit, err := extension.TokenPermitOf(extensions); err != nil || permit != nil {
			t.Errorf("%s: %+v, %v", name, permit, err)
		}
	}
	if extension.TakesTokenPermits(nil) || !extension.TakesTokenPermits(extension.AnnounceTokenPermits(nil)) {
		t.Error("an announcement is not seen for what it is")
	}
}

func TestATokenPermitIsReadAsItWasWritten(t *testing.T) {
	most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	want := extension.TokenPermit{
		From: common.Address{1}, Asset: common.Address{2}, Spender: x402.Permit2, Amount: most, Nonce: new(big.Int), Deadline: 1<<64 - 1, Signature: vouchers.Signature{1, 2}, Version: "1",
	}
	unversioned := want
	unversioned.Version = ""
	for _, p := range []extension.TokenPermit{want, unversioned} {
		extensions, err := extension.WithTokenPermit(extension.AnnounceTokenPermits(nil), p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := extension.TokenPermitOf(extensions)
		if err != nil || got == nil || got.Amount.Cmp(most) != 0 || got.Nonce.Sign() != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
		got.Amount, got.Nonce = want.Amount, want.Nonce
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	}
	for _, bad := range []*big.Int{nil, big.NewInt(-1), new(big.Int).Add(most, big.NewInt(1))} {
		p := want
		p.Amount = bad
		if _, err := extension.WithTokenPermit(nil, p); !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("amount %v: %v", bad, err)
		}
	}
}

func TestATokenPermitWithABadMemberIsMalformed(t *testing.T) {
	good := stockPayment(t, "payment-upto").Extensions[extension.NameTokenPermit]
	for from, to := range map[string]string{
		`"nonce":"3"`: `"nonce":"0x3"`, `"amount":"1000"`: `"amount":"1e3"`, `"from":"0x8F`: `"from":"0x`, `"deadline":"1790000060"`: `"deadline":1790000060`,
		`"signature":"0x`: `"signature":"0x` + strings.Repeat("00", vouchers.MaxSignature), `"info":{`: `"info":[{`,
	} {
		compact, err := json.Marshal(json.RawMessage(good))
		if err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(string(compact), from, to, 1)
		if bad == string(compact) {
			t.Fatalf("%s is not in %s", from, compact)
		}
		if permit, err := extension.TokenPermitOf(x402.Extensions{extension.NameTokenPermit: []byte(bad)}); !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%s: %+v, %v", to, permit, err)
		}
	}
}

// FuzzTokenPermit checks that what is read as a token permit is written as one.
func FuzzTokenPermit(f *testing.F) {
	f.Add([]byte(`{"info":{"from":"0x8F9aA869feD06527c9e7Eb787D7FE0ECB4aE0282","asset":"0x036CbD53842c5426634e7929541eC2318f3dCF7e","spender":"0x000000000022D473030F116dDEE9F6B43aC78BA3","amount":"1","nonce":"3","deadline":"4","signature":"0x12","version":"1"},"schema":{}}`))
	f.Add([]byte(`{"info":{"description":"","version":"1"}}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		permit, err := extension.TokenPermitOf(x402.Extensions{extension.NameTokenPermit: value})
		if err != nil || permit == nil {
			return
		}
		extensions, err := extension.WithTokenPermit(nil, *permit)
		if err != nil {
			t.Fatal(err)
		}
		again, err := extension.TokenPermitOf(extensions)
		if err != nil || !reflect.DeepEqual(permit, again) {
			t.Fatalf("%+v is %+v again, %v", permit, again, err)
		}
	})
}
