package extension_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func TestTheIdentifierOfAStockPaymentIsRead(t *testing.T) {
	raw, err := os.ReadFile("../testdata/payment-deposit-eip3009.json")
	if err != nil {
		t.Fatal(err)
	}
	payment, err := x402.DecodePaymentPayload(raw)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := extension.PaymentIdentifier(payment.Extensions); err != nil || id != "pay_7d5d747be160e280504c099d984bcfe0" {
		t.Errorf("payment identifier %q, %v", id, err)
	}
}

func TestPaymentIdentifiers(t *testing.T) {
	const good = "pay_7d5d747be160e280504c099d984bcfe0"
	for why, c := range map[string]struct {
		value, id string
		err       error
	}{
		"absent":                    {"", "", nil},
		"null":                      {`null`, "", nil},
		"announced by a seller":     {`{"info":{"required":true},"schema":{}}`, "", nil},
		"without info":              {`{"schema":{}}`, "", nil},
		"given":                     {`{"info":{"required":false,"id":"` + good + `"}}`, good, nil},
		"of 16 characters":          {`{"info":{"id":"0123456789abcdef"}}`, "0123456789abcdef", nil},
		"of 128 characters":         {`{"info":{"id":"` + strings.Repeat("a", 128) + `"}}`, strings.Repeat("a", 128), nil},
		"of 15 characters":          {`{"info":{"id":"0123456789abcde"}}`, "", x402.ErrMalformed},
		"of 129 characters":         {`{"info":{"id":"` + strings.Repeat("a", 129) + `"}}`, "", x402.ErrMalformed},
		"of a character that is no": {`{"info":{"id":"0123456789abcdef!"}}`, "", x402.ErrMalformed},
		"that is a number":          {`{"info":{"id":1234567890123456}}`, "", x402.ErrMalformed},
		"that is empty":             {`{"info":{"id":""}}`, "", x402.ErrMalformed},
		"in a list":                 {`["` + good + `"]`, "", x402.ErrMalformed},
	} {
		var extensions x402.Extensions
		if c.value != "" {
			extensions = x402.Extensions{extension.NamePaymentIdentifier: jsontext.Value(c.value)}
		}
		id, err := extension.PaymentIdentifier(extensions)
		if !errors.Is(err, c.err) || err == nil && id != c.id {
			t.Errorf("an identifier %s: %q, %v", why, id, err)
		}
	}
	announced := x402.Extensions{extension.NamePaymentIdentifier: jsontext.Value(`{"info":{"required":true},"schema":{"a":1}}`), "other": jsontext.Value(`1`)}
	with, err := extension.WithPaymentIdentifier(announced, good)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(with[extension.NamePaymentIdentifier]); got != `{"info":{"required":true,"id":"`+good+`"},"schema":{"a":1}}` || string(with["other"]) != "1" {
		t.Errorf("set in %s", got)
	}
	if id, err := extension.PaymentIdentifier(announced); id != "" || err != nil {
		t.Errorf("the announcement was changed: %q, %v", id, err)
	}
	if with, err = extension.WithPaymentIdentifier(nil, good); err != nil || len(with) != 1 {
		t.Errorf("%v, %v", with, err)
	}
	if _, err = extension.WithPaymentIdentifier(nil, "short"); !errors.Is(err, x402.ErrMalformed) {
		t.Errorf("a short identifier was set: %v", err)
	}
}

func FuzzPaymentIdentifier(f *testing.F) {
	f.Add([]byte(`{"info":{"required":false,"id":"pay_7d5d747be160e280"},"schema":{}}`), "pay_7d5d747be160e280504c099d984bcfe0")
	f.Add([]byte(`{"info":null}`), "short")
	f.Fuzz(func(t *testing.T, value []byte, id string) {
		before := x402.Extensions{extension.NamePaymentIdentifier: value}
		_, _ = extension.PaymentIdentifier(before)
		after, err := extension.WithPaymentIdentifier(before, id)
		if err != nil {
			return
		}
		if got, err := extension.PaymentIdentifier(after); err != nil || got != id {
			t.Errorf("%q, %v, want %q", got, err, id)
		}
	})
}
