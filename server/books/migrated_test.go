package books_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// former is a copy of a store of version 1, a bbolt file that an earlier version of this program
// has written: three channels, with 20, 3 and no charges of 0.001 USDC.
func former(t testing.TB) (path string) {
	t.Helper()
	packed, err := os.Open("testdata/version1.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	text, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "chit.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// counts are how many receipts each channel has in a store, fewest first, which add up.
func counts(t testing.TB, path string) (numbers []uint64) {
	t.Helper()
	var statement bytes.Buffer
	if err := books.ReadStatement(t.Context(), path, receipts.Filter{}, &statement); err != nil {
		t.Fatal(err)
	}
	audits, err := receipts.Verify(&statement)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range audits {
		if a.Fault != nil || a.Charged != vouchers.Amount(1000*a.Receipts) {
			t.Errorf("channel %s: %d receipts of %s, %v", a.Channel, a.Receipts, a.Charged, a.Fault)
		}
		numbers = append(numbers, a.Receipts)
	}
	slices.Sort(numbers)
	return numbers
}

func TestTheReceiptsOfAStoreOfVersion1AreInItsHistory(t *testing.T) {
	path := former(t)
	for range 2 { // it is migrated once
		if got := counts(t, path); !slices.Equal(got, []uint64{3, 20}) {
			t.Errorf("the channels have %v receipts", got)
		}
	}
}

func TestAChainOfReceiptsGoesOnAfterTheMigration(t *testing.T) {
	path := former(t)
	store, err := books.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	of, err := ledger.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	book, err := receipts.Open(store, keys.Dev(1))
	if err != nil {
		t.Fatal(err)
	}
	for ch := range of.Channels() {
		c := &ledger.Charge{Channel: ch.ID, Charged: 1000, Cumulative: ch.Charged + 1000, State: ch}
		draft, err := book.Draft(c, receipts.Receipt{Resource: "mcp://tool/search", IssuedAt: 1790009999})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Submit(vouchers.Update{Entry: draft.Entry}).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		signed, err := draft.Signed()
		if err != nil || signed.Check(ch.Config.ReceiverAuthorizer) != nil {
			t.Errorf("%+v, %v", signed, err)
		}
		page, err := book.Page(t.Context(), ch.ID, 0)
		if err != nil || len(page) != int(ch.Charged/1000)+1 || page[0].Batch != nil && ch.Charged > 0 || page[len(page)-1].Batch == nil {
			t.Errorf("channel %s, charged %s, has %d receipts, %v", ch.ID, ch.Charged, len(page), err)
		}
	}
	if err := errors.Join(of.Close(), store.Close()); err != nil {
		t.Fatal(err)
	}
	if got := counts(t, path); !slices.Equal(got, []uint64{4, 21}) {
		t.Errorf("the channels have %v receipts", got)
	}
}

// A store with receipts that nobody can read stays as it is.
func TestAStoreOfVersion1IsNotMigratedWithoutItsReceipts(t *testing.T) {
	path := former(t)
	if _, err := diskstore.Open(path); err == nil {
		t.Fatal("the receipts are gone")
	}
	if got := counts(t, path); !slices.Equal(got, []uint64{3, 20}) {
		t.Errorf("the channels have %v receipts", got)
	}
}
