package filing_test

import (
	"path/filepath"
	"testing"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/filing"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// A receipt of since a restore has in it what the seller knows, and says nothing of what it has
// forgotten.
func TestASellerIsShownAReceiptOfBeforeItsEpochIfThereIsOne(t *testing.T) {
	b, err := book.Open(t.Context(), filepath.Join(t.TempDir(), "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	id := vouchers.ChannelID{1}
	receipt := func(epoch, within uint64, cumulative vouchers.Amount) *receipts.Signed {
		return &receipts.Signed{
			Receipt:   receipts.Receipt{Network: "eip155:1", Channel: id, Sequence: epoch<<40 | within, Charged: 1, Cumulative: cumulative},
			Signature: vouchers.Signature{1},
		}
	}
	kept := []*receipts.Signed{receipt(0, 1, 10), receipt(0, 2, 60), receipt(1, 1, 55), receipt(2, 1, 50), receipt(2, 2, 65)}
	if err := b.KeepReceipts(kept); err != nil {
		t.Fatal(err)
	}
	c := filing.Open(b, nil)
	for epoch, want := range map[uint64]*receipts.Signed{0: kept[4], 1: kept[1], 2: kept[1], 3: kept[4], vouchers.MaxEpoch + 1: kept[4]} {
		got, err := c.Proof(id, epoch)
		if err != nil || got == nil || got.Sequence != want.Sequence {
			t.Errorf("epoch %d: it is %+v, want %+v, %v", epoch, got, want, err)
		}
	}
	other := vouchers.ChannelID{2}
	if got, err := c.Proof(other, 1); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	only := receipt(1, 1, 5)
	only.Channel = other
	if err := b.KeepReceipts([]*receipts.Signed{only}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Proof(other, 1); err != nil || got == nil || got.Sequence != only.Sequence {
		t.Errorf("there is one of since alone: %+v, %v", got, err)
	}
}
