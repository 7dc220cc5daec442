package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

const (
	crashBuyers  = 4                                // each has a channel
	crashCallers = 4                                // of each buyer
	crashDeposit = vouchers.Amount(100_000_000_000) // of each buyer: enough for any number of cycles
	settleEvery  = 5                                // cycles
)

// goods are what the buyers buy; the last of them always fails and is never charged.
var goods = []string{"hash", "text_stats", "hash", "identicon", "text_stats", "unreliable"}

// siege is a shop that is killed again and again while agents buy from it.
type siege struct {
	home
	t       *testing.T
	random  *rand.Rand
	profile *profile.Profile
	chain   *chain.Client
	address string
	server  *daemon
	admin   *operate.Client
	wire    *wire
	url     string // of the wire
	buyers  []*buyer
	books   *accounts
}

// buyer is an agent that pays from a channel of its own.
type buyer struct {
	options agent.Options
	config  vouchers.ChannelConfig
	id      vouchers.ChannelID
}

// TestAKilledServerLosesNothingThatItAnswered kills `chit serve` under load, at
// random moments, CRASH_CYCLES times. CRASH_SEED repeats the moments of a run as far
// as the traffic allows.
func TestAKilledServerLosesNothingThatItAnswered(t *testing.T) {
	cycles, seed := number(t, "CRASH_CYCLES", 10), number(t, "CRASH_SEED", int(rand.Uint32()))
	fmt.Printf("CRASH_SEED=%d\n", seed)
	s := besiege(t, uint64(seed))
	defer func() { fmt.Printf("cycles=%d %s\n", s.books.cycles, s.books.outcome()) }()
	for cycle := 1; cycle <= cycles && !t.Failed(); cycle++ {
		s.load(cycle)
		s.serve()
		s.books.audit(s.wire, s.channels)
		if cycle%settleEvery == 0 || cycle == cycles {
			s.settle()
			s.verify()
			fmt.Printf("cycle %d of %d: %s\n", cycle, cycles, s.books.outcome())
		}
	}
	if code := s.server.interrupt(t); code != 0 {
		t.Errorf("serve ends with %d\n%s", code, s.server.out)
	}
	s.ok(t, "store", "check")
}

func number(t *testing.T, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// besiege starts a chain and a shop, and gives each buyer a channel.
func besiege(t *testing.T, seed uint64) *siege {
	s := &siege{home: newHome(t), t: t, random: rand.New(rand.NewPCG(seed, 0)), address: freeAddress(t)}
	s.start(t, "is ready", "dev", "--port", "0")
	s.connect()
	s.serve()
	s.wire, s.url = newWire(t, "http://"+s.address+"/mcp")
	for i := range crashBuyers {
		s.buyers = append(s.buyers, s.newBuyer(i))
	}
	s.books = newAccounts(t, s.buyers)
	return s
}

func (s *siege) connect() {
	s.t.Helper()
	home, err := profile.OpenHome(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.profile, err = home.Load(""); err != nil {
		s.t.Fatal(err)
	}
	if s.chain, err = chain.Dial(s.t.Context(), s.profile.RPC, chain.WithErrors(escrow.ABIs()...)); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.chain.Close)
}

// serve starts the server on the store that the last one has left.
func (s *siege) serve() {
	s.t.Helper()
	s.server = s.start(s.t, "selling on", "serve", "--listen", s.address, "--settle-every", "0")
	dir, err := s.profile.Data()
	if err != nil {
		s.t.Fatal(err)
	}
	if s.admin, err = operate.Dial(filepath.Join(dir, profile.SocketFile)); err != nil {
		s.t.Fatal(err)
	}
}

// newBuyer makes an agent with money in a channel. Every other one has no book, and
// has to learn where its channel stands from the server.
func (s *siege) newBuyer(i int) *buyer {
	s.t.Helper()
	key := newKey(s.t, fmt.Sprintf("buyer %d", i))
	b := &buyer{
		options: agent.Options{
			Key: key, RPC: s.profile.RPC, Token: s.profile.TokenAddress(), Policy: agent.Policy{MaxPrice: agent.Unlimited},
		},
		config: vouchers.ChannelConfig{
			Payer: key.Address(), PayerAuthorizer: key.Address(), Receiver: s.profile.PayToAddress(),
			ReceiverAuthorizer: keys.Dev(devnet.Seller).Address(), Token: s.profile.TokenAddress(), WithdrawDelay: s.profile.WithdrawDelay, Salt: terms.Salt(s.url),
		},
	}
	if i%2 == 0 {
		b.options.Book = filepath.Join(s.t.TempDir(), "agent.db")
	}
	b.id = s.escrow().Domain().ChannelID(b.config)
	s.mint(key.Address(), crashDeposit)
	client, err := agent.Dial(s.t.Context(), s.url, b.options)
	if err != nil {
		s.t.Fatal(err)
	}
	if moved, err := client.Deposit(s.t.Context(), crashDeposit); err != nil || moved.Channel != b.id {
		s.t.Fatalf("deposited into %s, want %s: %v", moved.Channel, b.id, err)
	}
	if err := client.Close(); err != nil {
		s.t.Fatal(err)
	}
	return b
}

// load lets all buyers buy until the server is killed in the middle of it. Now and
// then it is settling at that time.
func (s *siege) load(cycle int) {
	f := fuse{requests: -1, answers: -1}
	moment := 1 + s.random.IntN(300)
	var crowd sync.WaitGroup
	if s.random.IntN(3) == 0 {
		moment = 1 + s.random.IntN(100)
		crowd.Go(func() { _, _ = s.admin.Settle(context.Background(), false) }) // the kill decides how far it comes
	}
	if s.random.IntN(2) == 0 {
		f.requests = moment
	} else {
		f.answers = moment
	}
	killed := make(chan struct{})
	f.blow = func() {
		close(killed) // first, since from here on calls fail
		if err := s.server.command.Process.Kill(); err != nil {
			s.t.Error(err)
		}
	}
	s.wire.light(f)
	for i, b := range s.buyers {
		crowd.Go(func() { s.buy(b, fmt.Sprintf("cycle %d, buyer %d", cycle, i), killed) })
	}
	crowd.Wait()
	if !isClosed(killed) {
		s.t.Fatal("the buyers have ended before the server was killed")
	}
	_ = s.server.command.Wait() // says that it was killed
}

// buy lets a buyer call until the server is killed. Only then may a call fail.
func (s *siege) buy(b *buyer, what string, killed <-chan struct{}) {
	client, err := agent.Dial(context.Background(), s.url, b.options)
	if err != nil {
		if !isClosed(killed) {
			s.t.Errorf("%s: %v", what, err)
		}
		return
	}
	var callers sync.WaitGroup
	for c := range crashCallers {
		callers.Go(func() {
			for n := 0; ; n++ {
				text := fmt.Sprintf("%s, caller %d, call %d", what, c, n)
				_, receipt, err := client.CallTool(context.Background(), goods[n%len(goods)], map[string]any{"text": text})
				switch {
				case err == nil:
					s.books.receive(b.id, receipt)
				case !isClosed(killed) || errors.Is(err, agent.ErrDishonest):
					s.t.Errorf("%s: %v", text, err)
					return
				default:
					return
				}
			}
		})
	}
	callers.Wait()
	if err := client.Close(); err != nil && !isClosed(killed) {
		s.t.Errorf("%s: %v", what, err)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// verify holds the receipts of all charges against what was charged and claimed.
func (s *siege) verify() {
	s.t.Helper()
	var statement bytes.Buffer
	if err := s.admin.WriteStatement(s.t.Context(), receipts.Filter{}, &statement); err != nil {
		s.t.Fatal(err)
	}
	audits, err := receipts.Verify(&statement)
	if err != nil {
		s.t.Fatal(err)
	}
	views := s.channels()
	for _, a := range audits {
		if a.Fault != nil || a.Charged != views[a.Channel].Charged {
			s.t.Errorf("channel %s is charged %s, its %d receipts prove %s: %v", a.Channel, views[a.Channel].Charged, a.Receipts, a.Charged, a.Fault)
		}
	}
}

// channels asks the server for its channels, of which none may have a call in flight.
func (s *siege) channels() map[vouchers.ChannelID]books.View {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	list, err := s.admin.Channels(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	views := map[vouchers.ChannelID]books.View{}
	for _, view := range list {
		views[view.Channel] = view
	}
	return views
}
