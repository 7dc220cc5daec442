package credit_test

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
	"go.uber.org/goleak"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var deployment = vouchers.Deployment{ChainID: 8453, Escrow: vouchers.ChannelConfig{}.Payer}

// start is when the tests' clock starts.
var start = time.Unix(1_800_000_000, 0).UTC()

// clock is a time that a test moves: what has passed, and what the wall says.
type clock struct {
	mu      sync.Mutex
	wall    time.Time
	elapsed time.Duration
}

func (c *clock) read() (time.Time, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, c.elapsed
}

// pass lets time pass.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall, c.elapsed = c.wall.Add(d), c.elapsed+d
}

// set sets the wall clock and lets no time pass.
func (c *clock) set(wall time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = wall
}

// shop is a book on a ledger on a real file, which a test can restart, with one
// payer who has a channel of 1,000 USDC.
type shop struct {
	*credit.Book
	t       testing.TB
	clock   *clock
	path    string
	store   *diskstore.Store
	ledger  *ledger.Ledger
	key     *ecdsa.PrivateKey
	config  vouchers.ChannelConfig
	channel vouchers.ChannelID
	grants  byte
	opts    []credit.Option
}

const balance = vouchers.Amount(1_000_000_000)

func newShop(t testing.TB, opts ...credit.Option) *shop {
	t.Helper()
	s := &shop{t: t, opts: opts, clock: &clock{wall: start}, path: filepath.Join(t.TempDir(), "chit.db")}
	var err error
	if s.key, err = crypto.ToECDSA(crypto.Keccak256([]byte(t.Name()))); err != nil {
		t.Fatal(err)
	}
	payer := crypto.PubkeyToAddress(s.key.PublicKey)
	s.config = vouchers.ChannelConfig{
		Payer: payer, PayerAuthorizer: payer, Receiver: common.Address{1}, ReceiverAuthorizer: common.Address{1},
		Token: common.Address{2}, WithdrawDelay: vouchers.MinWithdrawDelay,
	}
	s.open(s.path)
	if s.channel, err = s.ledger.Open(t.Context(), deployment, s.config, vouchers.ChainState{Balance: balance}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func (s *shop) open(path string) {
	s.t.Helper()
	var err error
	if s.store, err = diskstore.Open(path); err != nil {
		s.t.Fatal(err)
	}
	ctx := context.Background()
	wall := func() time.Time { now, _ := s.clock.read(); return now }
	if s.ledger, err = ledger.Open(ctx, s.store, ledger.WithClock(wall)); err != nil {
		s.t.Fatal(err)
	}
	if s.Book, err = credit.OpenBook(ctx, s.ledger, s.store, append(s.opts, credit.WithClock(s.clock.read))...); err != nil {
		s.t.Fatal(err)
	}
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
	s.open(s.path)
}

// state is the channel's.
func (s *shop) state() ledger.Channel {
	s.t.Helper()
	ch, found := s.ledger.Channel(s.channel)
	if !found {
		s.t.Fatal("the channel is gone")
	}
	return ch
}

// pay reserves the price under a voucher over everything that is spoken for.
func (s *shop) pay(price vouchers.Amount) *ledger.Reservation {
	s.t.Helper()
	ch := s.state()
	v := vouchers.Voucher{Channel: s.channel, Ceiling: ch.Charged + ch.Reserved + ch.Aside + price}
	sig, err := vouchers.NewDomain(deployment).SignVoucher(s.key, v)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := s.ledger.Reserve(context.Background(), ledger.Payment{Deployment: deployment, Config: s.config, Voucher: v, Signature: sig, Price: price})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// request is a request for a grant that no other is the same as.
func (s *shop) request(scope macaroon.Scope) credit.Request {
	s.grants++
	if scope.Expires.IsZero() {
		scope.Expires = start.Add(24 * time.Hour)
	}
	caveats, err := scope.Caveats()
	if err != nil {
		s.t.Fatal(err)
	}
	return credit.Request{Channel: s.channel, Payer: s.config.Payer, Nonce: [32]byte{s.grants}, Caveats: caveats, Label: "test"}
}

// grant grants a scope, for a day if it does not say.
func (s *shop) grant(scope macaroon.Scope) (macaroon.GrantID, macaroon.Token) {
	s.t.Helper()
	g, token, err := s.Grant(context.Background(), s.request(scope), s.pay(scope.Budget))
	if err != nil {
		s.t.Fatal(err)
	}
	return g.ID, token
}

func (s *shop) narrow(token macaroon.Token, scope macaroon.Scope) macaroon.Token {
	s.t.Helper()
	narrower, err := token.Attenuate(scope)
	if err != nil {
		s.t.Fatal(err)
	}
	return narrower
}

func (s *shop) spend(token macaroon.Token, tool string, price vouchers.Amount) *credit.Spend {
	s.t.Helper()
	spend, err := s.Spend(context.Background(), token.Text(), credit.Call{Tool: tool, Price: price})
	if err != nil {
		s.t.Fatalf("spend %s on %s: %v", price, tool, err)
	}
	return spend
}

// buy spends the price and is charged all of it.
func (s *shop) buy(token macaroon.Token, price vouchers.Amount) {
	s.t.Helper()
	commit(s.t, s.spend(token, "search", price), price)
}

func commit(t testing.TB, spend *credit.Spend, actual vouchers.Amount) {
	t.Helper()
	if charge, err := spend.Commit(context.Background(), actual, nil); err != nil || charge.Charged != actual {
		t.Fatalf("charged %s, %v, want %s", charge.Charged, err, actual)
	}
}

// refused fails the test unless the call is refused with the code.
func (s *shop) refused(token macaroon.Token, tool string, price vouchers.Amount, code credit.Code) *credit.Refusal {
	s.t.Helper()
	return s.textRefused(token.Text(), tool, price, code)
}

func (s *shop) textRefused(text, tool string, price vouchers.Amount, code credit.Code) *credit.Refusal {
	s.t.Helper()
	spend, err := s.Spend(context.Background(), text, credit.Call{Tool: tool, Price: price})
	var refusal *credit.Refusal
	if !errors.As(err, &refusal) || refusal.Code != code {
		s.t.Fatalf("spend %s on %s: %v, %v, want %s", price, tool, spend, err, code)
	}
	return refusal
}

// left fails the test unless the token's levels have so much left, the widest first.
func (s *shop) left(token macaroon.Token, want ...vouchers.Amount) {
	s.t.Helper()
	report, err := s.Inspect(token.Text())
	if err != nil {
		s.t.Fatal(err)
	}
	var got []vouchers.Amount
	for _, level := range report.Levels {
		if level.Remaining != nil {
			got = append(got, *level.Remaining)
		}
	}
	if len(got) != len(want) {
		s.t.Fatalf("%d levels, want %d: %v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			s.t.Fatalf("left %v, want %v", got, want)
		}
	}
}

func (s *shop) sweep() {
	s.t.Helper()
	if err := s.Sweep(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}
