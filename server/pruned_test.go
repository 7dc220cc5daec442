package server_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// noise is 700 KiB that cannot be compressed, of a seed.
func noise(seed byte) []byte {
	content := make([]byte, 700<<10)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content) // never fails
	return content
}

// shelf is a shop that keeps no more of its history than it must.
type shelf struct {
	*shoptest.Shop
	t   *testing.T
	log *record
}

func newShelf(t *testing.T, keep history.Keep) *shelf {
	s := &shelf{t: t, log: new(record)}
	o := selling(t)
	o.KeyFolder, o.History, o.Logger = t.TempDir(), keep, s.log.logger()
	s.Shop = shoptest.Open(t, o, new(tool).add)
	return s
}

// fills has a customer buy pages, whose answers are kept in the journal, until that is put away.
func (s *shelf) fills(c *customer) {
	s.t.Helper()
	n := byte(0)
	page := httptest.NewServer(s.SellHTTP(server.HTTPOffer{Name: "POST /", Price: func() vouchers.Amount { return price }})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(noise(n)) // a client that has gone gets no receipt
	})))
	defer page.Close()
	until(s.t, "the history is put away", func() bool {
		for range 4 {
			n++
			paid := c.identified(c.pays(vouchers.Amount(n)*price), fmt.Sprintf("the_call_of_number_%d", n))
			if resp, _ := c.request(page.URL, "", paid); resp.StatusCode != http.StatusOK {
				s.t.Fatalf("page %d: %s", n, resp.Status)
			}
		}
		would, err := s.Prune(s.t.Context(), nil, true)
		if err != nil {
			s.t.Fatal(err)
		}
		return would.Entries+would.Held > 0
	})
}

func (s *shelf) claims(of ...*customer) {
	s.t.Helper()
	var ids []vouchers.ChannelID
	for _, c := range of {
		ids = append(ids, c.id)
	}
	if _, err := s.SettleAs(s.t.Context(), settle.Request{Channels: ids, Final: true}, nil); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range of {
		if got := c.ledger(s.Shop); got.Claimed != got.Charged {
			s.t.Fatalf("claimed %s of %s", got.Claimed, got.Charged)
		}
	}
}

// runs runs the shop until it says that it has dropped receipts, while meanwhile is called over
// and over.
func (s *shelf) runs(meanwhile func()) {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	var run sync.WaitGroup
	run.Go(func() { s.Run(ctx, time.Hour) })
	until(s.t, "receipts are dropped", func() bool {
		meanwhile()
		return s.log.has("INFO", "old and claimed were dropped")
	})
	meanwhile()
	stop()
	run.Wait()
}

// proves fails unless a customer's receipts add up, of which those that come to before are not
// kept any more.
func (s *shelf) proves(c *customer, charged, before vouchers.Amount) {
	s.t.Helper()
	audit := c.audited(s.Shop)
	if audit.Fault != nil || audit.Charged != charged || audit.Before != before || audit.Receipts != uint64((charged-before)/price) {
		s.t.Errorf("%d receipts of %s after %s, fault %v; want %s after %s", audit.Receipts, audit.Charged, audit.Before, audit.Fault, charged, before)
	}
}

// isSound fails unless the store is, and a backup of it.
func (s *shelf) isSound() {
	s.t.Helper()
	found, err := s.Store.Check(s.t.Context(), nil)
	if err != nil || len(found.Problems) > 0 {
		s.t.Errorf("the store has %v, %v", found.Problems, err)
	}
	name := filepath.Join(s.t.TempDir(), "backup")
	backup, err := os.Create(name)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = backup.Close() }()
	if _, err := s.Backup(s.t.Context(), backup); err != nil {
		s.t.Fatal(err)
	}
	if _, err := restore.Verify(s.t.Context(), name, nil); err != nil {
		s.t.Error(err)
	}
}

func TestAShopDropsOldReceiptsWhileItSellsAndWhatItKeepsAddsUp(t *testing.T) {
	s := newShelf(t, history.Keep{Age: time.Nanosecond})
	claimed, unclaimed, filler := regular(t, s.Shop, "claimed", usdc), regular(t, s.Shop, "unclaimed", usdc), regular(t, s.Shop, "filler", usdc)
	n := vouchers.Amount(0)
	buys := func(of ...*customer) {
		t.Helper()
		n++
		for _, c := range of {
			if r := c.call("work", c.pays(n*price)).signedReceipt(); r == nil {
				t.Fatalf("call %d has no receipt", n)
			}
		}
	}
	for range 3 {
		buys(claimed, unclaimed)
	}
	s.fills(filler)
	s.claims(claimed, filler)
	s.runs(func() { buys(claimed) })
	s.proves(claimed, n*price, 3*price)
	s.proves(unclaimed, 3*price, 0)
	s.isSound()

	s.Stop(t)
	s.log.text.Reset()
	s.Options.History = history.Keep{Bytes: 1}
	s.Shop = shoptest.Open(t, s.Options, new(tool).add)
	claimed.url, unclaimed.url = s.URL, s.URL
	s.claims(unclaimed)
	s.runs(func() { buys(claimed) })
	s.proves(claimed, n*price, 3*price)
	s.proves(unclaimed, 3*price, 3*price)
	s.isSound()
}

func TestReceiptsOfTransfersAreDroppedAsTheyAreOld(t *testing.T) {
	s := &shelf{t: t, log: new(record)}
	p := openPages(t, func(o *server.Options) {
		o.Accept, o.Logger, o.KeyFolder = offer.Accept{offer.Exact}, s.log.logger(), t.TempDir()
		o.History = history.Keep{Age: time.Nanosecond}
	})
	p.body = noise
	w := newWallet(t, "wallet", 100*pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	var gone uint64
	until(t, "receipts of transfers are dropped", func() bool {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
			t.Fatalf("answered %d: %s", resp.StatusCode, body)
		}
		done, err := p.Prune(t.Context(), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if done.Held > 0 {
			t.Fatalf("%d receipts of transfers are held", done.Held)
		}
		gone += done.Entries
		return gone > 0
	})
	if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
		t.Errorf("after it the payer is answered %d: %s", resp.StatusCode, body)
	}
	var statement bytes.Buffer
	if err := p.WriteStatement(t.Context(), receipts.Filter{}, &statement); err != nil || statement.Len() == 0 {
		t.Errorf("the statement is %q, %v", statement.String(), err)
	}
}
