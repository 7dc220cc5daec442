package book_test

import (
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

func TestReceiptsContradictOneAnotherByWhatTheySay(t *testing.T) {
	b, err := book.Open(t.Context(), filepath.Join(t.TempDir(), "book.db"))
	if err != nil {
		t.Fatal(err)
	}
	alone := receipts.Signed{
		Receipt:   receipts.Receipt{Network: "eip155:1", Channel: vouchers.ChannelID{1}, Sequence: 7, Charged: 5, Cumulative: 20, Resource: "mcp://tool/work"},
		Signature: vouchers.Signature{1},
	}
	inBatch := alone
	inBatch.Signature, inBatch.Batch = vouchers.Signature{2}, &receipts.Proof{Path: []common.Hash{{3}}}
	if err := b.KeepReceipts([]*receipts.Signed{&alone, &inBatch}); err != nil {
		t.Fatal(err)
	}
	if others, err := b.Contradictions(alone.Channel); err != nil || len(others) != 0 {
		t.Errorf("one receipt that was signed twice contradicts itself: %+v, %v", others, err)
	}
	other := inBatch
	other.Charged++
	if err := b.KeepReceipts([]*receipts.Signed{&other}); err != nil {
		t.Fatal(err)
	}
	if others, err := b.Contradictions(alone.Channel); err != nil || len(others) != 1 || others[0].Charged != 6 {
		t.Errorf("the contradictions are %+v, %v", others, err)
	}
}
