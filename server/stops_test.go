package server_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
	"github.com/chitpay/chit/x402"
)

// record is a log that a test reads.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(b)
}

// has returns the line at a level that has all these words.
func (r *record) has(level string, words ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range strings.Lines(r.text.String()) {
		found := strings.Contains(line, "level="+level)
		for _, word := range words {
			found = found && strings.Contains(line, word)
		}
		if found {
			return true
		}
	}
	return false
}

func (r *record) logger() *slog.Logger { return slog.New(slog.NewTextHandler(r, nil)) }

// twins are two shops with one key and a store each, and a customer who has bought once
// at both with what it has in its one channel.
func twins(t *testing.T) (first, second *shoptest.Shop, log *record, at func(*shoptest.Shop) *customer) {
	t.Helper()
	log = new(record)
	o := selling(t)
	o.Logger = log.logger()
	first = shoptest.Open(t, o, new(tool).add)
	o.Store = filepath.Join(t.TempDir(), "copy.db")
	second = shoptest.Open(t, o, new(tool).add)
	c := regular(t, first, "payer", usdc)
	return first, second, log, func(shop *shoptest.Shop) *customer {
		here := *c
		here.url = shop.URL
		return &here
	}
}

func TestTwoStoresWithOneKeyStopSellingWhereTheyTakeFromEachOther(t *testing.T) {
	first, second, log, at := twins(t)
	a, b := at(first), at(second)
	a.buys(1)
	a.buys(2)
	b.buys(1) // the other one knows nothing of these
	if done, err := first.Settler.Settle(t.Context(), false); err != nil || done.Claimed != 2*price {
		t.Fatalf("settled %+v, %v", done, err)
	}
	found, err := second.Reconcile(t.Context())
	if err != nil || len(found.Stopped) != 1 || found.Stopped[0].Channel != a.id || found.Stopped[0].Lost != price || found.Stopped[0].Claimed != 2*price {
		t.Fatalf("reconciled %+v, %v", found, err)
	}
	if !log.has("ERROR", "channel="+a.id.Hex(), "payer="+strings.ToLower(a.config.Payer.Hex()), `lost="0.001 USDC"`, "chit channels resume") {
		t.Error("the loss is not in the log:\n" + log.text.String())
	}
	refused := b.call("work", b.pays(3*price))
	if refused.code() != x402.ErrVerificationStateUnavailable {
		t.Errorf("a call of the stopped channel: %s", refused.raw)
	}
	if got := b.call(onmcp.DepositTool, b.deposits(usdc, 0)); got.code() != x402.ErrVerificationStateUnavailable {
		t.Errorf("a deposit into it: %s", got.raw)
	}
	if views := second.Channels(); len(views) != 1 || views[0].Stopped == nil {
		t.Errorf("the channels are %+v", views)
	}
	if found, err := first.Reconcile(t.Context()); err != nil || len(found.Stopped) != 0 {
		t.Errorf("the one who has claimed: %+v, %v", found, err)
	}
	resumed, err := second.Resume(t.Context())
	if err != nil || len(resumed) != 1 || resumed[0].Channel != a.id {
		t.Fatalf("resumed %+v, %v", resumed, err)
	}
	b.buys(3)
	if _, err := second.Resume(t.Context(), a.id); !errors.Is(err, server.ErrNotStopped) {
		t.Errorf("once more: %v", err)
	}
	if done, err := second.Settler.Settle(t.Context(), false); err != nil || done.Claimed != price {
		t.Errorf("the second settles %+v, %v", done, err)
	}
	if found, err := first.Reconcile(t.Context()); err != nil || len(found.Stopped) != 1 || found.Stopped[0].Lost != 0 {
		t.Errorf("the first is not stopped: %+v, %v", found, err)
	}
}

func TestARefundByAnotherStoreStopsTheChannel(t *testing.T) {
	first, second, log, at := twins(t)
	a, b := at(first), at(second)
	b.buys(1)
	part := vouchers.Amount(usdc / 2)
	if got := a.call(onmcp.RefundTool, a.refunds(0, &part)).receipt(); *got.Amount != part {
		t.Fatalf("refunded %s", *got.Amount)
	}
	if found, err := second.Reconcile(t.Context()); err != nil || len(found.Stopped) != 1 || found.Stopped[0].Refunds != 1 {
		t.Errorf("reconciled %+v, %v", found, err)
	}
	if !log.has("ERROR", "channel="+a.id.Hex(), `"refunds of others"=1`) {
		t.Error("the refund is not in the log")
	}
	if found, err := first.Reconcile(t.Context()); err != nil || len(found.Stopped) != 0 {
		t.Errorf("the one who has refunded: %+v, %v", found, err)
	}
}

func TestAStoreWithTheKeyOfAnotherStoreIsNotOpened(t *testing.T) {
	o := selling(t)
	o.KeyFolder = t.TempDir()
	shop := shoptest.Open(t, o)
	other := o
	other.Store = filepath.Join(t.TempDir(), "copy.db")
	for range 2 { // while the first one runs, and after
		if _, err := server.Open(t.Context(), other); !errors.Is(err, server.ErrKeyInUse) || !strings.Contains(err.Error(), o.Store) {
			t.Errorf("a second store: %v", err)
		}
		shop.Stop(t)
	}
	if _, err := os.Stat(other.Store); err == nil {
		t.Error("the store was made all the same")
	}
	shop = shoptest.Open(t, o)
	shop.Stop(t)
	if err := os.Rename(o.Store, other.Store); err != nil {
		t.Fatal(err)
	}
	shoptest.Open(t, other).Stop(t) // one that was moved is the same
	otherKey := o
	otherKey.Key = keys.Dev(devnet.Seller + 5)
	shoptest.Open(t, otherKey)
}

func TestAStoreThatIsRestoredFromABackupGoesOnAndSaysWhatItDoesNotKnow(t *testing.T) {
	log := new(record)
	o := selling(t)
	o.KeyFolder, o.Logger = t.TempDir(), log.logger()
	work := new(tool)
	shop := shoptest.Open(t, o, work.add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	var backup bytes.Buffer
	if _, err := shop.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	c.buys(2)
	c.buys(3)
	if done, err := shop.Settler.Settle(t.Context(), false); err != nil || done.Claimed != 3*price {
		t.Fatalf("settled %+v, %v", done, err)
	}
	shop.Stop(t)
	if _, err := restore.From(&backup, o.Store, nil); err != nil {
		t.Fatal(err)
	}
	shop = shoptest.Open(t, o, work.add)
	c.url = shop.URL
	found, err := shop.Reconcile(t.Context())
	if err != nil || len(found.Stopped) != 0 || len(found.Differences) != 1 {
		t.Errorf("reconciled %+v, %v", found, err)
	}
	if !log.has("ERROR", "older copy", c.id.Hex()) {
		t.Error("nothing is said of what the copy does not know:\n" + log.text.String())
	}
	c.buys(4)
	shop.Stop(t)
	log.text.Reset()
	shop = shoptest.Open(t, o, work.add) // which is not older than itself
	if _, err := shop.Reconcile(t.Context()); err != nil || log.has("ERROR") {
		t.Errorf("%v\n%s", err, log.text.String())
	}
}

func TestMoneyThatHasLeftAChannelIsAnErrorThatSaysWhoseItIs(t *testing.T) {
	log := new(record)
	o := selling(t)
	o.Logger = log.logger()
	shop := shoptest.Open(t, o, new(tool).add)
	c := regular(t, shop, "payer", usdc)
	c.buys(1)
	c.announces(usdc)
	if _, err := shop.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.finishesWithdrawal()
	found, err := shop.Reconcile(t.Context())
	if err != nil || len(found.Differences) == 0 {
		t.Fatalf("reconciled %+v, %v", found, err)
	}
	if !log.has("ERROR", "cannot be claimed any more", "channel="+c.id.Hex(), "payer="+strings.ToLower(c.config.Payer.Hex()), `amount="0.001 USDC"`) {
		t.Error("the loss is not in the log:\n" + log.text.String())
	}
	if len(found.Stopped) != 0 {
		t.Errorf("stopped %+v", found.Stopped)
	}
}

// finishesWithdrawal takes out of the channel what was announced.
func (c *customer) finishesWithdrawal() {
	c.t.Helper()
	shoptest.Control(c.t, "evm_increaseTime", c.config.WithdrawDelay+1)
	shoptest.Control(c.t, "anvil_mine", "0x1")
	own, err := txmgr.NewSender(c.t.Context(), c.net.Client, c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = own.Close() }()
	if _, err := escrow.At(c.net.Client, c.domain.Deployment().Escrow).FinalizeWithdraw(c.t.Context(), own, c.config); err != nil {
		c.t.Fatal(err)
	}
}
