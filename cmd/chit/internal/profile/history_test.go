package profile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/vouchers/history"
)

func TestAProfileSaysHowMuchHistoryIsKept(t *testing.T) {
	p, err := load(t, "history: {keep: 400d, max: 20GB}\n")
	if err != nil {
		t.Fatal(err)
	}
	if keep, err := p.ShopHistory(); err != nil || keep != (history.Keep{Age: 400 * 24 * time.Hour, Bytes: 20e9}) {
		t.Errorf("it keeps %+v, %v", keep, err)
	}
	if _, err := load(t, "history: {keep: forever}\n"); !errors.Is(err, history.ErrKeep) || !strings.Contains(err.Error(), "history: ") {
		t.Errorf("it says %v", err)
	}
}
