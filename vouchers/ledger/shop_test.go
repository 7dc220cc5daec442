package ledger_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

var deployment = vouchers.Deployment{ChainID: 8453, Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")}

var domain = vouchers.NewDomain(deployment)

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shop is a ledger on a real file, which a test can restart.
type shop struct {
	*ledger.Ledger
	t     testing.TB
	clock *clock
	path  string
	opts  []ledger.Option
	store vouchers.Store
}

func newShop(t testing.TB, opts ...ledger.Option) *shop {
	t.Helper()
	s := &shop{t: t, clock: &clock{now: time.Unix(1_800_000_000, 0)}, path: filepath.Join(t.TempDir(), "chit.db"), opts: opts}
	s.open()
	t.Cleanup(s.close)
	return s
}

// on makes a shop on a store that is not the shop's to close.
func on(t testing.TB, store vouchers.Store, opts ...ledger.Option) *shop {
	t.Helper()
	s := &shop{t: t, clock: &clock{now: time.Unix(1_800_000_000, 0)}, store: store, opts: opts}
	s.load()
	return s
}

func (s *shop) open() {
	s.t.Helper()
	store, err := diskstore.Open(s.path, diskstore.WithClock(s.clock.time))
	if err != nil {
		s.t.Fatal(err)
	}
	s.store = store
	s.load()
}

func (s *shop) load() {
	s.t.Helper()
	ledger, err := ledger.Open(context.Background(), s.store, append([]ledger.Option{ledger.WithClock(s.clock.time)}, s.opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Ledger = ledger
}

func (s *shop) close() {
	s.t.Helper()
	if err := s.store.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) restart() {
	s.t.Helper()
	s.close()
	s.open()
}

// channel returns the snapshot of a channel, after a check of what must always hold.
func (s *shop) channel(p *payer) ledger.Channel {
	s.t.Helper()
	c, found := s.Channel(p.id)
	if !found {
		s.t.Fatalf("channel %s is not there", p.id)
	}
	if c.Claimed > c.Charged || c.Charged > c.Ceiling {
		s.t.Errorf("claimed %d, charged %d, ceiling %d do not rise", c.Claimed, c.Charged, c.Ceiling)
	}
	return c
}

// reserve fails the test if the payment is refused.
func (s *shop) reserve(p ledger.Payment) *ledger.Reservation {
	s.t.Helper()
	r, err := s.Reserve(context.Background(), p)
	if err != nil {
		s.t.Fatalf("reserve %d under a ceiling of %d: %v", p.Price, p.Voucher.Ceiling, err)
	}
	if _, replied := r.Answer(); replied {
		s.t.Fatalf("a call under a ceiling of %d was answered before", p.Voucher.Ceiling)
	}
	return r
}

func (s *shop) commit(r *ledger.Reservation, actual vouchers.Amount) ledger.Charge {
	s.t.Helper()
	charge, err := r.Commit(context.Background(), actual, saying("an answer"))
	if err != nil {
		s.t.Fatalf("commit %d: %v", actual, err)
	}
	return charge
}

func (s *shop) call(p ledger.Payment) ledger.Charge {
	s.t.Helper()
	return s.commit(s.reserve(p), p.Price)
}

// refused fails the test unless the payment is refused by the rule.
func (s *shop) refused(p ledger.Payment, rule error) *ledger.Refusal {
	s.t.Helper()
	r, err := s.Reserve(context.Background(), p)
	var refusal *ledger.Refusal
	if !errors.Is(err, rule) || !errors.As(err, &refusal) {
		s.t.Fatalf("reserve %d under a ceiling of %d: %v, %v, want %v", p.Price, p.Voucher.Ceiling, r, err, rule)
	}
	return refusal
}

func saying(text string) func(ledger.Charge) (ledger.Kept, error) {
	return func(ledger.Charge) (ledger.Kept, error) { return ledger.Kept{Answer: []byte(text)}, nil }
}

// payer is a channel and the key that signs for it.
type payer struct {
	t      testing.TB
	key    *ecdsa.PrivateKey
	config vouchers.ChannelConfig
	id     vouchers.ChannelID
}

func newPayer(t testing.TB, seed string) *payer {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte(seed)))
	if err != nil {
		t.Fatal(err)
	}
	signer := crypto.PubkeyToAddress(key.PublicKey)
	p := &payer{t: t, key: key, config: vouchers.ChannelConfig{
		Payer: signer, PayerAuthorizer: signer, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{2},
		Token: common.Address{3}, WithdrawDelay: 86400,
	}}
	p.id = domain.ChannelID(p.config)
	return p
}

// deposits opens the payer's channel with this balance.
func (p *payer) deposits(s *shop, balance vouchers.Amount) *payer {
	p.t.Helper()
	return p.is(s, vouchers.ChainState{Balance: balance})
}

func (p *payer) is(s *shop, state vouchers.ChainState) *payer {
	p.t.Helper()
	if id, err := s.Open(context.Background(), deployment, p.config, state); err != nil || id != p.id {
		p.t.Fatalf("open: %s, %v", id, err)
	}
	return p
}

// pays returns a payment of up to price under the ceiling; every one is for
// another request.
func (p *payer) pays(ceiling, price vouchers.Amount) ledger.Payment {
	p.t.Helper()
	v := vouchers.Voucher{Channel: p.id, Ceiling: ceiling}
	sig, err := domain.SignVoucher(p.key, v)
	if err != nil {
		p.t.Fatal(err)
	}
	requests.Lock()
	defer requests.Unlock()
	requests.n++
	return ledger.Payment{
		Deployment: deployment, Config: p.config, Voucher: v, Signature: sig, Price: price,
		Fingerprint: [32]byte{byte(requests.n), byte(requests.n >> 8), byte(requests.n >> 16), 1},
	}
}

var requests struct {
	sync.Mutex
	n int
}

// as gives a payment an identifier.
func as(p ledger.Payment, identifier string) ledger.Payment {
	p.Identifier = identifier
	return p
}

// gate is a store whose tickets wait until the gate opens, and which can fail.
type gate struct {
	vouchers.Store

	mu     sync.Mutex // guards what follows
	failed error
	opened chan struct{}
}

func newGate(t testing.TB) *gate {
	t.Helper()
	store, err := diskstore.Open(filepath.Join(t.TempDir(), "chit.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	g := &gate{Store: store}
	g.open()
	return g
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.opened = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opened == nil {
		g.opened = make(chan struct{})
	}
	close(g.opened)
}

func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed = err
}

func (g *gate) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}

func (g *gate) Submit(u vouchers.Update) vouchers.Ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failed != nil {
		return pass{gate: g}
	}
	return pass{g, g.opened, g.Store.Submit(u)}
}

type pass struct {
	gate   *gate
	opened chan struct{}
	ticket vouchers.Ticket
}

func (p pass) Wait(ctx context.Context) error {
	if p.ticket == nil {
		return p.gate.Err()
	}
	select {
	case <-p.opened:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := p.gate.Err(); err != nil {
		return err
	}
	return p.ticket.Wait(ctx)
}
