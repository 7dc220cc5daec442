package extension_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

func TestWhatAPayerShowsIsReadAsItWasWritten(t *testing.T) {
	counted := vouchers.Amount(7)
	for name, s := range map[string]extension.Shown{"a receipt": {Latest: "AAEC"}, "a count": {Counted: &counted}, "both": {Latest: "AAEC", Counted: &counted}} {
		with, err := extension.ShowReceipt(x402.Extensions{"other": jsontext.Value(`1`)}, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := extension.ShownReceipt(with)
		if err != nil || !reflect.DeepEqual(*got, s) || !got.IsAnswer() || len(with) != 2 {
			t.Errorf("%s: %+v, %v in %s", name, got, err, with)
		}
	}
	if got, err := extension.ShownReceipt(extension.KeepsReceipts(nil)); err != nil || got == nil || got.IsAnswer() {
		t.Errorf("who keeps receipts shows %+v, %v", got, err)
	}
	if got, err := extension.ShownReceipt(nil); err != nil || got != nil || got.IsAnswer() {
		t.Errorf("who says nothing shows %+v, %v", got, err)
	}
}

func TestWhatASellerAsksForIsReadAsItWasWritten(t *testing.T) {
	want := extension.AskedReceipt{Channel: vouchers.ChannelID{1}, Epoch: 3}
	with, err := extension.AskReceipt(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := extension.AskedFor(with); err != nil || *got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := extension.AskedFor(nil); err != nil || got != nil {
		t.Errorf("of terms that ask for nothing: %+v, %v", got, err)
	}
}

func FuzzWhatIsShownIsReadOrRefused(f *testing.F) {
	for _, seed := range []string{`{}`, `null`, `{"latest":"A","counted":"1"}`, `{"latest":1}`, `{"counted":"-1"}`, `{"info":{"channelId":"0x00","epoch":1}}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		extensions := x402.Extensions{extension.NameReceipt: data}
		if !jsontext.Value(data).IsValid() {
			return // what decodes a payment does not let it in
		}
		if _, err := extension.ShownReceipt(extensions); err != nil && !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%s: %v", data, err)
		}
		if _, err := extension.AskedFor(extensions); err != nil && !errors.Is(err, x402.ErrMalformed) {
			t.Errorf("%s: %v", data, err)
		}
	})
}
