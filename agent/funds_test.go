package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
)

// funds are where the payer's money is, by its own book.
func funds(t testing.TB, o agent.Options) treasury.Funds {
	t.Helper()
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, o.Token)
	if err != nil {
		t.Fatal(err)
	}
	funds, err := treasury.Read(t.Context(), shoptest.Net.Client, token, o.Key.Address(), book)
	if err != nil {
		t.Fatal(err)
	}
	return funds
}

// travel moves the chain's clock.
func travel(t testing.TB, d time.Duration) {
	t.Helper()
	shoptest.Control(t, "evm_increaseTime", int64(d/time.Second))
	shoptest.Control(t, "anvil_mine", "0x1")
}

// finish takes what the chain's clock lets the payer take.
func finish(t testing.TB, sender *txmgr.Sender, f treasury.Funds) ([]treasury.Withdrawal, error) {
	t.Helper()
	head, err := shoptest.Net.Client.Header(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return treasury.FinishWithdrawals(t.Context(), shoptest.Net.Client, sender, f.ToFinish(time.Unix(int64(head.Time), 0)))
}

func TestMoneyIsWithdrawnWithoutTheSellersConsentAfterTheDelay(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 2, 0)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	before := funds(t, o)
	if len(before.Channels) != 1 || before.Wallet != 90*usdc || before.Payer != o.Key.Address() {
		t.Fatalf("the funds are %+v", before)
	}
	if ch := before.Channels[0]; ch.Balance != 10*usdc || ch.Charged != 2*price || ch.Available != 10*usdc-2*price || ch.Claimed != 0 || ch.WithdrawAfter != nil {
		t.Errorf("the channel is %+v", ch)
	}
	sender := senderOf(t, o.Key)
	if _, err := finish(t, sender, before); !errors.Is(err, escrow.ErrNothingToWithdraw) {
		t.Errorf("finished before it was started: %v", err)
	}

	started, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, before.ToAnnounce(false))
	if err != nil || len(started) != 1 || started[0].Amount != 10*usdc || started[0].After.IsZero() {
		t.Fatalf("started %+v, %v", started, err)
	}
	pending := funds(t, o)
	if ch := pending.Channels[0]; ch.Withdrawing != 10*usdc || ch.WithdrawAfter == nil || !ch.WithdrawAfter.Equal(started[0].After) {
		t.Errorf("the channel is %+v", ch)
	}
	if _, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, pending.ToAnnounce(false)); !errors.Is(err, escrow.ErrNothingToWithdraw) {
		t.Errorf("started twice: %v", err)
	}
	if _, err := finish(t, sender, pending); !errors.Is(err, escrow.ErrNothingToWithdraw) {
		t.Errorf("finished before the delay: %v", err)
	}

	// The seller takes what it has vouchers for while the delay runs.
	if settled, err := shop.Settler.Settle(t.Context(), false); err != nil || settled.Claimed != 2*price {
		t.Errorf("settled %+v, %v", settled, err)
	}
	travel(t, (vouchers.MinWithdrawDelay+1)*time.Second)
	done, err := finish(t, sender, funds(t, o))
	if err != nil || len(done) != 1 || done[0].Amount != 10*usdc-2*price || !done[0].After.IsZero() {
		t.Errorf("finished %+v, %v", done, err)
	}
	after := funds(t, o)
	if ch := after.Channels[0]; after.Wallet != 100*usdc-2*price || ch.Available != 0 || ch.Withdrawing != 0 || ch.WithdrawAfter != nil {
		t.Errorf("the funds are %+v", after)
	}
	if _, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, sender, after.ToAnnounce(false)); !errors.Is(err, escrow.ErrNothingToWithdraw) {
		t.Errorf("started on an empty channel: %v", err)
	}
}

func TestFundsListThePayersOwnChannelsOfThisChainAlone(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	if err := funded(t, shop.URL, o).Close(); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	entry := funds(t, o).Channels[0].Entry
	elsewhere, another := entry, entry
	elsewhere.Channel, elsewhere.Deployment.ChainID = vouchers.ChannelID{1}, 8453
	another.Channel, another.Config.Payer = vouchers.ChannelID{2}, shoptest.Key(t, "another payer").Address()
	for _, e := range []agent.Entry{elsewhere, another} {
		if err := book.Put(e); err != nil {
			t.Fatal(err)
		}
	}
	if got := funds(t, o); len(got.Channels) != 1 || got.Channels[0].Channel != entry.Channel {
		t.Errorf("the funds are %+v", got)
	}
}

func TestAWithdrawalNeedsThePayersKey(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	funded(t, shop.URL, o)
	thief := senderOf(t, shoptest.Payer(t, "thief"))
	if started, err := treasury.StartWithdrawals(t.Context(), shoptest.Net.Client, thief, funds(t, o).ToAnnounce(false)); err == nil {
		t.Errorf("a thief started %+v", started)
	}
	if ch := funds(t, o).Channels[0]; ch.WithdrawAfter != nil || ch.Balance != 10*usdc {
		t.Errorf("the channel is %+v", ch)
	}
}

func TestAChannelThatCannotBeReadHidesNoOtherOfThePayersMoney(t *testing.T) {
	shop := shoptest.Open(t, selling(t, "0.001"), work)
	o := options(t)
	client := funded(t, shop.URL, o)
	buy(t, client, 1, price)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := book.Open(t.Context(), o.Book)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := book.Channels()
	if err != nil || len(entries) != 1 {
		t.Fatal(entries, err)
	}
	for _, first := range []byte{0x00, 0xff} { // before the good one, and after it
		poisoned := entries[0]
		poisoned.Channel[0], poisoned.Server = first, "http://gone.example/"
		poisoned.Deployment.Escrow = common.Address{0xde, 0xad} // no contract is there
		if err := book.Put(poisoned); err != nil {
			t.Fatal(err)
		}
		token, err := funding.ReadToken(t.Context(), shoptest.Net.Client, o.Token)
		if err != nil {
			t.Fatal(err)
		}
		got, err := treasury.Read(t.Context(), shoptest.Net.Client, token, o.Key.Address(), book)
		if err == nil || !strings.Contains(err.Error(), poisoned.Channel.Hex()) || len(got.Channels) != 1 || got.Channels[0].Balance != 10*usdc || got.Wallet != 90*usdc {
			t.Errorf("it reads %+v, %v", got, err)
		}
	}
}
