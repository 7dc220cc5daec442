package agent_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// refusals counts what a shop refuses.
type refusals struct {
	slog.Handler
	n *atomic.Int64
}

func (r refusals) Enabled(context.Context, slog.Level) bool { return true }

func (r refusals) Handle(_ context.Context, record slog.Record) error {
	if record.Message == "payment refused" && record.Level >= slog.LevelInfo {
		r.n.Add(1)
	}
	return nil
}

// counting opens a shop that counts its refusals.
func counting(t testing.TB) (*shoptest.Shop, *atomic.Int64) {
	o := selling(t, "0.001")
	n := new(atomic.Int64)
	o.Logger = slog.New(refusals{slog.DiscardHandler, n})
	return shoptest.Open(t, o, work), n
}

func buy(t testing.TB, client *agent.Client, calls int, want vouchers.Amount) {
	t.Helper()
	for range calls {
		if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
			t.Fatalf("the call: %+v, %v", receipt, err)
		} else if calls == 1 && receipt.Cumulative != want {
			t.Fatalf("charged %s over the channel's life, want %s", receipt.Cumulative, want)
		}
	}
}

func TestTheBookTellsTheNextClientWhereTheChannelStands(t *testing.T) {
	shop, refused := counting(t)
	o := options(t)
	client, err := agent.Dial(t.Context(), shop.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 3, 0)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil || len(entries) != 1 {
		t.Fatalf("the book has %+v, %v", entries, err)
	}
	if e := entries[0]; e.Server != shop.URL || e.Balance != 10*usdc || e.Charged != 3*price || e.Signed != 3*price || e.Available() != 10*usdc-3*price {
		t.Errorf("the book says %+v", e)
	}
	if info, err := os.Stat(o.Book); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the book's mode is %v, %v", info.Mode(), err)
	}
	buy(t, dial(t, shop.URL, o), 1, 4*price)
	if n := refused.Load(); n != 0 {
		t.Errorf("%d payments were refused", n)
	}
}

func TestAClientWithoutItsBookRecoversFromTheServersProof(t *testing.T) {
	for name, settled := range map[string]bool{"before a settlement": false, "after a settlement": true} {
		t.Run(name, func(t *testing.T) {
			shop, refused := counting(t)
			o := options(t)
			client := funded(t, shop.URL, o)
			buy(t, client, 3, 0)
			if settled {
				if _, err := shop.Settler.Settle(t.Context(), false); err != nil {
					t.Fatal(err)
				}
				buy(t, client, 1, 4*price)
			}
			o.Book = ""
			fresh := dial(t, shop.URL, o)
			_, receipt, err := fresh.CallTool(t.Context(), "work", nil)
			if err != nil || receipt.Charged != price {
				t.Errorf("the first call: %+v, %v", receipt, err)
			}
			buy(t, fresh, 1, receipt.Cumulative+price)
			want := int64(1) // the one that taught the client
			if settled {
				want++ // its first voucher is on chain, and proves nothing
			}
			if n := refused.Load(); n != want {
				t.Errorf("%d payments were refused, want %d", n, want)
			}
			for channel := range shop.Ledger.Channels() {
				if channel.Charged != receipt.Cumulative+price || channel.Ceiling != channel.Charged {
					t.Errorf("the channel is %+v", channel)
				}
			}
		})
	}
}

func TestAClientWithAStaleBookPaysAgainWhenItsOwnerHasSaidSo(t *testing.T) {
	shop, refused := counting(t)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 1, price)
	old, err := os.ReadFile(o.Book)
	if err != nil {
		t.Fatal(err)
	}
	buy(t, client, 4, 0)
	o.Book = filepath.Join(t.TempDir(), "stale.db")
	if err := os.WriteFile(o.Book, old, 0o600); err != nil {
		t.Fatal(err)
	}
	stale := dial(t, shop.URL, o)
	for range 2 {
		if _, _, err := stale.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrOldBook) {
			t.Errorf("a call that the book is too old for: %v", err)
		}
	}
	if n := refused.Load(); n != 2 {
		t.Errorf("%d payments were refused", n)
	}
	if entry, err := stale.Recover(t.Context()); err != nil || entry.Charged != 5*price {
		t.Errorf("recovered %+v, %v", entry, err)
	}
	buy(t, stale, 2, 0)
	if _, _, err := client.CallTool(t.Context(), "work", nil); !errors.Is(err, agent.ErrOldBook) {
		t.Errorf("a call of the first client, which has become the stale one: %v", err)
	}
}

func TestTwoClientsShareABook(t *testing.T) {
	first, _ := counting(t)
	other := selling(t, "0.001")
	other.PayTo = shoptest.Key(t, "another receiver").Address()
	second := shoptest.Open(t, other, work)
	o := options(t)
	clients := []*agent.Client{funded(t, first.URL, o), funded(t, second.URL, o)}
	var all sync.WaitGroup
	for _, client := range clients {
		for range 4 {
			all.Go(func() {
				for range 5 {
					if _, _, err := client.CallTool(t.Context(), "work", nil); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	for _, client := range clients {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil || len(entries) != 2 || entries[0].Charged != 20*price || entries[1].Charged != 20*price {
		t.Errorf("the book has %+v, %v", entries, err)
	}
}

func TestABookThatAnotherProcessHoldsIsWaitedForAndThenSaidToBeBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := book.Open(t.Context(), path); !errors.Is(err, agent.ErrBookBusy) {
		t.Errorf("opened a book that is held: %v", err)
	}
}

func TestManyCallsAtOnceRecoverFromALostBook(t *testing.T) {
	shop, _ := counting(t)
	o := options(t)
	buy(t, funded(t, shop.URL, o), 50, 0)
	o.Book = ""
	client := dial(t, shop.URL, o)
	const callers, calls = 16, 5
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls {
				if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
					t.Errorf("the call: %+v, %v", receipt, err)
				}
			}
		})
	}
	all.Wait()
	for channel := range shop.Ledger.Channels() {
		if channel.Charged != (50+callers*calls)*price {
			t.Errorf("charged %s", channel.Charged)
		}
	}
}

func TestTwoClientsTakeTurnsInAChannel(t *testing.T) {
	shop, refused := counting(t)
	o := options(t)
	clients := []*agent.Client{funded(t, shop.URL, o), dial(t, shop.URL, o)}
	const turns = 6
	for i := range turns {
		buy(t, clients[i%2], 1, vouchers.Amount(i+1)*price)
	}
	if n := refused.Load(); n != 0 {
		t.Errorf("%d payments were refused", n)
	}
}

func TestTwoClientsAtOnceInAChannelPayForEveryCallOnce(t *testing.T) {
	shop, refused := counting(t)
	o := options(t)
	clients := []*agent.Client{funded(t, shop.URL, o), dial(t, shop.URL, o)}
	const callers, calls = 8, 5
	var all sync.WaitGroup
	for _, client := range clients {
		for range callers {
			all.Go(func() {
				for range calls {
					if _, receipt, err := client.CallTool(t.Context(), "work", nil); err != nil || receipt.Charged != price {
						t.Errorf("the call: %+v, %v", receipt, err)
					}
				}
			})
		}
	}
	all.Wait()
	holds(t, shop, 10*usdc, 2*callers*calls*price)
	if n := refused.Load(); n != 0 {
		t.Errorf("%d payments were refused", n)
	}
}
