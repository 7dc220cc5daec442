package agent_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

func TestALostBookIsFoundOnTheChainWhenTheServersAreGone(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	second := selling(t, "0.001")
	second.PayTo = shoptest.Key(t, "another receiver").Address()
	other := shoptest.Open(t, second, work)
	o := options(t)
	stranger := o
	stranger.Key, stranger.Book = shoptest.Payer(t, "stranger"), ""
	for url, by := range map[string][]agent.Options{shop.URL: {o, stranger}, other.URL: {o}} {
		for _, o := range by {
			client := funded(t, url, o)
			buy(t, client, 2, 0)
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || settled.Claimed != 4*price {
		t.Fatalf("settled %+v, %v", settled, err)
	}
	shop.Stop(t)
	other.Stop(t)

	o.Book = filepath.Join(t.TempDir(), "new.db")
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	var reached int
	search := treasury.Search{Payer: o.Key.Address(), Token: o.Token, Reached: func(common.Address, uint64, uint64) { reached++ }}
	found, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, search)
	if err != nil || len(found) != 2 || reached == 0 {
		t.Fatalf("found %+v, %v", found, err)
	}
	claimed := map[vouchers.Amount]bool{}
	for _, e := range found {
		claimed[e.Charged] = true
		if e.Balance != 10*usdc || e.Signed != e.Charged || e.Config.Payer != o.Key.Address() || e.Deployment.Escrow != escrow.Own.Escrow {
			t.Errorf("found %+v", e)
		}
	}
	if !claimed[0] || !claimed[2*price] {
		t.Errorf("as charged count %v, want what the chain says is claimed", claimed)
	}

	sender := senderOf(t, o.Key)
	if started, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, funds(t, o).ToAnnounce(false)); err != nil || len(started) != 2 {
		t.Fatalf("started %+v, %v", started, err)
	}
	travel(t, (vouchers.MinWithdrawDelay+1)*time.Second)
	if done, err := finish(t, sender, funds(t, o)); err != nil || len(done) != 2 {
		t.Errorf("finished %+v, %v", done, err)
	}
	if have := funds(t, o).Wallet; have != 100*usdc-2*price {
		t.Errorf("the payer has %s", have)
	}
	if again, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, search); err != nil || len(again) != 0 {
		t.Errorf("of empty channels %+v are found, %v", again, err)
	}
}

func TestASearchOfTheChainForgetsNothingThatTheBookKnows(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 3, 0)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	found, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, treasury.Search{Payer: o.Key.Address(), Token: o.Token})
	if err != nil || len(found) != 1 || found[0].Charged != 3*price || found[0].Server != shop.URL {
		t.Errorf("found %+v, %v", found, err)
	}
	if none, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, treasury.Search{Payer: o.Key.Address(), Token: escrow.Own.Escrow}); err != nil || len(none) != 0 {
		t.Errorf("in another token there is %+v, %v", none, err)
	}
	buy(t, dial(t, shop.URL, o), 1, 4*price)
}

func TestASearchOfTheChainKeepsWhatAnotherProcessWritesMeanwhile(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 1, price)
	if _, err := shop.Settler.Settle(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	buy(t, client, 2, 3*price)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := whole.Channels()
	if err != nil || len(entries) != 1 || entries[0].Charged != 3*price {
		t.Fatalf("the book has %+v, %v", entries, err)
	}
	book, err := book.Open(t.Context(), filepath.Join(t.TempDir(), "lost.db"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, treasury.Search{
		Payer: o.Key.Address(), Token: o.Token,
		Agree: func(context.Context, agent.Finding) (bool, error) { return true, book.Put(entries[0]) },
	})
	if err != nil || len(found) != 1 || found[0] != entries[0] {
		t.Errorf("found %+v, %v", found, err)
	}
	if kept, _, err := book.Channel(entries[0].Channel); err != nil || kept != entries[0] {
		t.Errorf("the book has %+v, %v", kept, err)
	}
}

func TestAChannelThatIsNotRecoveredKeepsNoOtherFromIt(t *testing.T) {
	first := shoptest.Open(t, selling(t, "0.001"), work)
	second := selling(t, "0.001")
	second.PayTo = shoptest.Key(t, "another receiver").Address()
	other := shoptest.Open(t, second, work)
	o := options(t)
	for _, url := range []string{first.URL, other.URL} {
		client := funded(t, url, o)
		buy(t, client, 1, price)
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.Settler.Settle(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), filepath.Join(t.TempDir(), "new.db"))
	if err != nil {
		t.Fatal(err)
	}
	var bad vouchers.ChannelID
	found, err := treasury.Recover(t.Context(), shoptest.Net.Client, book, treasury.Search{
		Payer: o.Key.Address(), Token: o.Token,
		Agree: func(_ context.Context, f agent.Finding) (bool, error) { bad = f.Channel; return false, nil },
	})
	if err == nil || !strings.Contains(err.Error(), bad.Hex()) || len(found) != 1 || found[0].Channel == bad || found[0].Balance != 10*usdc {
		t.Errorf("found %+v, %v", found, err)
	}
}
