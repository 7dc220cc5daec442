package faults_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// BenchmarkSettlement settles so many channels, from the trigger to the moment when
// the last transaction is confirmed and booked. gas/channel is all in: execution,
// call data and the transactions' own 21,000.
func BenchmarkSettlement(b *testing.B) {
	for _, channels := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			w := newChain(b)
			w.options.RPC, w.options.StuckAfter = w.net.Anvil.URL(), time.Minute
			for b.Loop() {
				b.StopTimer()
				if err := w.close(); err != nil {
					b.Fatal(err)
				}
				w.options.Store = filepath.Join(b.TempDir(), "server.db")
				w.open()
				w.conjure(channels)
				b.StartTimer()
				done, err := w.shop.Settler.Settle(b.Context(), false)
				if err != nil || done.Channels != channels || len(done.SetAside) > 0 {
					b.Fatalf("settled %d of %d channels, %d set aside: %v", done.Channels, channels, len(done.SetAside), err)
				}
				b.ReportMetric(float64(done.GasUsed)/float64(channels), "gas/channel")
				b.ReportMetric(float64(len(done.Batches)), "transactions")
			}
		})
	}
}

// conjure makes channels that were charged, without the transactions that it would
// take: the deposits are written into the state of the escrow.
func (w *world) conjure(n int) {
	w.t.Helper()
	if err := w.net.Mint(w.t.Context(), escrow.Own.Escrow, vouchers.Amount(n)*usdc); err != nil {
		w.t.Fatal(err)
	}
	client, err := rpc.DialContext(w.t.Context(), w.net.Anvil.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	var group errgroup.Group
	group.SetLimit(64)
	for range n {
		group.Go(func() error {
			p, err := w.stranger()
			if err != nil {
				return err
			}
			// channels is the first mapping of the escrow, and its balance the low half of a word.
			slot := crypto.Keccak256Hash(p.id[:], make([]byte, 32))
			word := common.BigToHash(usdc.Big())
			if err := client.CallContext(w.t.Context(), nil, "anvil_setStorageAt", escrow.Own.Escrow, slot, word); err != nil {
				return err
			}
			state := vouchers.ChainState{Balance: usdc, Block: 1}
			if _, err := w.shop.Ledger.Open(w.t.Context(), w.escrow.Deployment(), p.config, state); err != nil {
				return err
			}
			return w.charge(p, 123_456)
		})
	}
	if err := group.Wait(); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) stranger() (*payer, error) {
	private, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	return w.payerOf(keys.NewSigner(private)), nil
}
