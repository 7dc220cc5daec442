package main_test

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers/diskstore"
)

func TestTheSellerForgivesADebt(t *testing.T) {
	h, payer := newHome(t), common.Address{0xab, 19: 1}
	h.start(t, "is ready", "dev", "--port", "0")
	path := filepath.Join(t.TempDir(), "chit.db")
	store, err := diskstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Bucket("transfer-debts").Put(t.Context(), payer[:], binary.BigEndian.AppendUint64(nil, 2000))
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	if out := h.ok(t, "debts", "list", "--store", path); !strings.Contains(out, payer.Hex()) || !strings.Contains(out, "0.002") {
		t.Errorf("the debts are\n%s", out)
	}
	type debt struct{ Payer, Amount string }
	list := decode[[]debt](t, h.ok(t, "debts", "list", "--json", "--store", path))
	if want := (debt{strings.ToLower(payer.Hex()), "2000"}); len(list) != 1 || list[0] != want {
		t.Errorf("the debts are %+v", list)
	}
	if got := h.run(t, "debts", "forgive", "--yes", "--store", path, "bob"); got.code != 2 || !strings.Contains(got.stderr, "chit debts list") {
		t.Errorf("who is no address is forgiven: %+v", got)
	}
	if got := h.run(t, "debts", "forgive", "--store", path, payer.Hex()); got.code != 2 || !strings.Contains(got.stderr, "--yes") {
		t.Errorf("forgiven without a yes: %+v", got)
	}
	if out := h.ok(t, "debts", "forgive", "--yes", "--store", path, payer.Hex()); !strings.Contains(out, "is forgiven 0.002 USDC") {
		t.Errorf("forgive prints %q", out)
	}
	if out := h.ok(t, "debts", "list", "--json", "--store", path); out != "[]\n" {
		t.Errorf("the debts are %s", out)
	}
	if got := h.run(t, "debts", "forgive", "--yes", "--store", path, payer.Hex()); got.code != 1 || !strings.Contains(got.stderr, "owes nothing") {
		t.Errorf("forgiven twice: %+v", got)
	}
}
