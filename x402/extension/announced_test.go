package extension_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func TestAPaymentKeepsWhatASellerHasAnnounced(t *testing.T) {
	announced := extension.Announced(x402.Extensions{
		extension.NameTokenPermit:       []byte(`{"info":{"description":"send one","version":"7"},"schema":{"type":"object"}}`),
		extension.NamePaymentIdentifier: []byte(`{"info":{"required":true},"schema":{}}`),
		"bazaar":                        []byte(`{"info":{"input":{}}}`),
	})
	extensions, err := extension.WithPaymentIdentifier(announced, "an-identifier-of-22-by")
	if err != nil {
		t.Fatal(err)
	}
	permit := extension.TokenPermit{Amount: big.NewInt(3), Nonce: new(big.Int), Signature: vouchers.Signature{1}}
	if extensions, err = extension.WithTokenPermit(extensions, permit); err != nil {
		t.Fatal(err)
	}
	const zero = `"0x0000000000000000000000000000000000000000"`
	for name, want := range map[string]string{
		extension.NamePaymentIdentifier: `{"info":{"required":true,"id":"an-identifier-of-22-by"},"schema":{}}`,
		extension.NameTokenPermit: `{"info":{"from":` + zero + `,"asset":` + zero + `,"spender":` + zero +
			`,"amount":"3","nonce":"0","deadline":"0","signature":"0x01","version":"7","description":"send one"}}`,
	} {
		if got := string(extensions[name]); got != want {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
	if got, err := extension.TokenPermitOf(extensions); err != nil || got == nil || got.From != (common.Address{}) {
		t.Errorf("the permit is %+v, %v", got, err)
	}
	if len(extensions) != 2 {
		t.Errorf("it takes up %v", extensions)
	}
}

func TestWhatIsNoAnnouncementIsLeftOut(t *testing.T) {
	for _, value := range []string{`{}`, `{"info":null}`, `{"info":[]}`, `[]`, `null`, `"info"`} {
		if got := extension.Announced(x402.Extensions{extension.NameTokenPermit: []byte(value)}); len(got) != 0 {
			t.Errorf("%s: %v", value, got)
		}
	}
}
