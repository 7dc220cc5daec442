package escrow_test

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestAChannelThatTheNodeStumblesOverKeepsNoOtherFromBeingSeen(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 1_000)
	p, poison := b.newPayer(t, ""), b.newPayer(t, "poison")
	all := []*payer{poison, p}
	for _, payer := range all {
		payer.deposit(t, 10*usdc)
	}
	b.Contract = escrow.At(e.Client, escrow.Own.Escrow)
	o := observe(t, b)
	for _, payer := range all {
		o.knows(payer)
	}
	e.fails.Store(&poison.id)
	for _, payer := range all {
		if _, err := payer.InitiateWithdraw(t.Context(), payer.ownSender(t), payer.config, usdc); err != nil {
			t.Fatal(err)
		}
	}
	o.poll()
	if !slices.Equal(o.alarms, []vouchers.ChannelID{p.id}) {
		t.Errorf("alarms for %v", o.alarms)
	}
	var read []int
	err := b.States(t.Context(), []vouchers.ChannelConfig{poison.config, p.config}, 1, func(i int, _ vouchers.ChainState) { read = append(read, i) })
	if err == nil || !slices.Equal(read, []int{1}) {
		t.Errorf("read %v, %v", read, err)
	}

	e.fails.Store(nil)
	control(t, "evm_mine")
	o.poll()
	if !slices.Equal(o.alarms, []vouchers.ChannelID{p.id, poison.id}) {
		t.Errorf("alarms for %v, once the node is well", o.alarms)
	}
}

// picky is a store that keeps no record of some channels.
type picky struct {
	vouchers.Store
	refuses map[vouchers.ChannelID]bool
}

var errPicky = errors.New("not this one")

func (s *picky) Submit(u vouchers.Update) vouchers.Ticket {
	if u.Slot != nil && s.refuses[u.Record.ID] {
		return refusedTicket{}
	}
	return s.Store.Submit(u)
}

type refusedTicket struct{}

func (refusedTicket) Wait(context.Context) error { return errPicky }

func TestAViewThatCannotBeWrittenDownKeepsNoOtherFromBeingTaken(t *testing.T) {
	b := newBench(t)
	p := b.newPayer(t, "")
	p.deposit(t, 10*usdc)
	o := observe(t, b)
	store := &picky{Store: o.store, refuses: make(map[vouchers.ChannelID]bool)}
	ledger, err := ledger.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	o.ledger, o.Watcher = ledger, watch.New(o.Contract, ledger, store.Bucket("watch"), o.opts...)
	var opening errgroup.Group
	var ids []vouchers.ChannelID
	for i := range 1_000 { // in several batches, in any order
		config := p.config
		binary.BigEndian.PutUint32(config.Salt[:], uint32(i+1))
		ids = append(ids, p.Domain().ChannelID(config))
		opening.Go(func() error {
			_, err := ledger.Open(t.Context(), p.Deployment(), config, vouchers.ChainState{Balance: usdc})
			return err
		})
	}
	if err := opening.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		store.refuses[id] = true
	}
	o.knows(p)
	p.deposit(t, usdc)
	if _, err := o.Reconcile(t.Context()); !errors.Is(err, errPicky) {
		t.Errorf("compared with %v", err)
	}
	o.agrees(p)
	p.deposit(t, usdc)
	for _, id := range ids {
		o.Learned(id)
	}
	o.poll()
	o.agrees(p)
}

func TestASearchGoesOnAfterAChannelThatFailsAndABlockWhoseLogIsRefused(t *testing.T) {
	b := newBench(t)
	e := newEndpoint(t, 20)
	p, stranger := b.newPayer(t, ""), b.newPayer(t, "stranger")
	p.deposit(t, usdc)
	stranger.fills(t, 30, func(i int) vouchers.ChannelConfig {
		c := stranger.config
		c.Salt[0] = byte(i)
		return c
	})
	second := *p
	second.config.Salt = [32]byte{1}
	second.id = b.Domain().ChannelID(second.config)
	second.deposit(t, usdc)
	bad := errors.New("this one fails")
	var found []vouchers.ChannelConfig
	err := escrow.At(e.Client, escrow.Own.Escrow).Search(t.Context(), escrow.Search{Payer: p.key.Address(), Found: func(c vouchers.ChannelConfig) error {
		found = append(found, c)
		if c == p.config {
			return bad
		}
		return nil
	}})
	if !slices.Equal(found, []vouchers.ChannelConfig{p.config, second.config}) {
		t.Errorf("found %+v", found)
	}
	if !errors.Is(err, bad) || !errors.Is(err, chain.ErrQuery) {
		t.Errorf("it says %v", err)
	}
}
