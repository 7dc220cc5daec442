package escrow_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// observatory is a watcher with the ledger that it keeps true.
type observatory struct {
	*watch.Watcher
	*bench
	t      testing.TB
	ledger *ledger.Ledger
	store  *diskstore.Store
	path   string
	opts   []watch.Option
	alarms []vouchers.ChannelID
}

func observe(t testing.TB, b *bench, opts ...watch.Option) *observatory {
	t.Helper()
	o := &observatory{bench: b, t: t, path: filepath.Join(t.TempDir(), "server.db")}
	o.opts = append(opts, watch.WithLogger(slog.New(slog.DiscardHandler)),
		watch.OnWithdrawal(func(ch ledger.Channel) { o.alarms = append(o.alarms, ch.ID) }))
	o.open()
	t.Cleanup(o.close)
	o.poll()
	return o
}

func (o *observatory) open() {
	o.t.Helper()
	var err error
	if o.store, err = diskstore.Open(o.path); err != nil {
		o.t.Fatal(err)
	}
	if o.ledger, err = ledger.Open(context.Background(), o.store); err != nil {
		o.t.Fatal(err)
	}
	o.Watcher = watch.New(o.Contract, o.ledger, o.store.Bucket("watch"), o.opts...)
}

func (o *observatory) close() {
	if err := errors.Join(o.ledger.Close(), o.store.Close()); err != nil {
		o.t.Error(err)
	}
}

func (o *observatory) restart() {
	o.t.Helper()
	o.close()
	o.open()
}

func (o *observatory) poll() {
	o.t.Helper()
	if _, err := o.Poll(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// knows makes the ledger know a payer's channel as it is now.
func (o *observatory) knows(p *payer) {
	o.t.Helper()
	if _, err := o.ledger.Open(o.t.Context(), p.Deployment(), p.config, p.state(o.t)); err != nil {
		o.t.Fatal(err)
	}
}

func (o *observatory) channel(p *payer) ledger.Channel {
	o.t.Helper()
	ch, known := o.ledger.Channel(p.id)
	if !known {
		o.t.Fatalf("channel %s is not known", p.id)
	}
	return ch
}

// agrees fails the test if the ledger's view is not the chain's.
func (o *observatory) agrees(p *payer) {
	o.t.Helper()
	ch, state := o.channel(p), p.state(o.t)
	if ch.Balance != state.Balance || ch.Claimed != state.Claimed || ch.Withdrawal != state.Withdrawal || ch.RefundNonce != state.RefundNonce {
		o.t.Errorf("the ledger says %+v, the chain %+v", ch, state)
	}
}

func control(t testing.TB, method string, args ...any) (answer string) {
	t.Helper()
	client, err := rpc.DialContext(t.Context(), net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var result any
	if err := client.CallContext(t.Context(), &result, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	answer, _ = result.(string)
	return answer
}

// ownSender lets a payer send transactions of its own.
func (p *payer) ownSender(t testing.TB) *txmgr.Sender {
	t.Helper()
	control(t, "anvil_setBalance", p.key.Address(), "0xde0b6b3a7640000")
	sender, err := txmgr.NewSender(t.Context(), net.Client, p.key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sender.Close() })
	return sender
}

// signs has a call of the payer charged, with a ceiling.
func (o *observatory) signs(p *payer, ceiling vouchers.Amount) {
	o.t.Helper()
	if err := o.charges(p, ceiling); err != nil {
		o.t.Fatal(err)
	}
}

// charges is signs that may be refused.
func (o *observatory) charges(p *payer, ceiling vouchers.Amount) error {
	o.t.Helper()
	signature, err := p.key.SignHash(o.t.Context(), p.Domain().VoucherDigest(vouchers.Voucher{Channel: p.id, Ceiling: ceiling}))
	if err != nil {
		o.t.Fatal(err)
	}
	price := ceiling - o.channel(p).Charged
	r, err := o.ledger.Reserve(o.t.Context(), ledger.Payment{
		Deployment: p.Deployment(), Config: p.config, Voucher: vouchers.Voucher{Channel: p.id, Ceiling: ceiling}, Signature: signature, Price: price,
	})
	if err != nil {
		return err
	}
	_, err = r.Commit(o.t.Context(), price, nil)
	return err
}
