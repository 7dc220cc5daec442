package diskstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// A child with tillEnv sells to a channel that pays by vouchers, by a token and by a narrower one
// at once. It prints each call before it makes it, and what each charge has come to.
const (
	tillEnv    = "DISKSTORE_TILL"
	tokensEnv  = "DISKSTORE_TOKENS" // the texts of both, with a blank between
	tillPrice  = vouchers.Amount(10)
	tillBudget = vouchers.Amount(1_000_000_000)
	tillCalls  = 1_000_000
)

// purse is what pays for a call.
type purse int

const (
	byVoucher purse = iota
	byToken
	byNarrower
	purses
)

// bill is a call that is to be paid. What it comes to follows from its number.
type bill struct {
	purse   purse
	ceiling vouchers.Amount // of its voucher
	life    int             // of the shop
	number  int             // in that life
}

func (b bill) identifier() string { return fmt.Sprintf("%d-%d", b.life, b.number) }

// total is what the call costs, in parts, and ended before it was charged all of it.
func (b bill) total() (total vouchers.Amount, parted, cut bool) {
	if b.number%5 == 4 {
		return 1, true, true
	}
	return vouchers.Amount(b.number)%(tillPrice-1) + 2, b.number%3 == 1, false
}

// hold is the price of a call, set aside.
type hold interface {
	Answer() ([]byte, bool)
	Commit(context.Context, vouchers.Amount, func(ledger.Charge) (ledger.Kept, error), ...vouchers.Put) (ledger.Charge, error)
	Part(context.Context, vouchers.Amount, func(ledger.Charge) (ledger.Kept, error), ...vouchers.Put) (ledger.Charge, error)
	Release()
}

// till is a ledger, its receipts and its budgets, in one store.
type till struct {
	store    *diskstore.Store
	ledger   *ledger.Ledger
	receipts *receipts.Book
	credit   *credit.Book
	tokens   [purses]string // none of byVoucher
}

var (
	tillDeployment = vouchers.Deployment{ChainID: 10, Escrow: common.Address{5}}
	tillConfig     = vouchers.ChannelConfig{
		Payer: common.Address{9}, PayerAuthorizer: crypto.PubkeyToAddress(tillKey.PublicKey), Receiver: common.Address{3},
		ReceiverAuthorizer: pastAuthorizer.Address(), Token: common.Address{4}, WithdrawDelay: 900,
	}
	tillKey, _  = crypto.ToECDSA(crypto.Keccak256([]byte("till")))
	tillDomain  = vouchers.NewDomain(tillDeployment)
	tillChannel = tillDomain.ChannelID(tillConfig)
)

func openTill(path string, tokens string, opts ...diskstore.Option) (*till, error) {
	s := new(till)
	s.tokens[byToken], s.tokens[byNarrower], _ = strings.Cut(tokens, " ")
	var err error
	if s.store, err = diskstore.Open(path, append(opts, tiny())...); err != nil {
		return nil, err
	}
	if s.receipts, err = receipts.Open(s.store, pastAuthorizer); err != nil {
		return nil, err
	}
	if s.ledger, err = ledger.Open(background, s.store); err != nil {
		return nil, err
	}
	s.credit, err = credit.OpenBook(background, s.ledger, s.store)
	return s, err
}

func (s *till) state() ledger.Channel {
	ch, _ := s.ledger.Channel(tillChannel)
	return ch
}

// hold sets the price of a bill aside, or finds its answer.
func (s *till) hold(b bill) (hold, error) {
	request := [32]byte{byte(b.purse), byte(b.number), byte(b.number >> 8)}
	if b.purse != byVoucher {
		return s.credit.Spend(background, s.tokens[b.purse], credit.Call{Tool: "work", Price: tillPrice, Identifier: b.identifier(), Fingerprint: request})
	}
	v := vouchers.Voucher{Channel: tillChannel, Ceiling: b.ceiling}
	signature, err := tillDomain.SignVoucher(tillKey, v)
	if err != nil {
		return nil, err
	}
	return s.ledger.Reserve(background, ledger.Payment{
		Deployment: tillDeployment, Config: tillConfig, Voucher: v, Signature: signature, Price: tillPrice, Identifier: b.identifier(), Fingerprint: request,
	})
}

// saying keeps an answer that says what the call has come to, with a receipt.
func (s *till) saying(total vouchers.Amount) func(ledger.Charge) (ledger.Kept, error) {
	return func(c ledger.Charge) (ledger.Kept, error) {
		d, err := s.receipts.Draft(&c, receipts.Receipt{Resource: "mcp://tool/work", IssuedAt: 1_700_000_000})
		if err != nil {
			return ledger.Kept{}, err
		}
		s.receipts.Issue(d)
		return ledger.Kept{Answer: []byte(total.Atomic()), Entry: d.Entry}, nil
	}
}

// sell makes the call and charges it, in parts or not.
func (s *till) sell(b bill) error {
	fmt.Printf("call %d %d %d %d\n", b.purse, b.ceiling, b.life, b.number)
	h, err := s.hold(b)
	if err != nil {
		return err
	}
	defer h.Release()
	total, parted, cut := b.total()
	if parted {
		if _, err := h.Part(background, 1, s.saying(1)); err != nil {
			return err
		}
		fmt.Printf("charged %s 1\n", b.identifier())
	}
	if cut {
		return nil
	}
	rest := total
	if parted {
		rest--
	}
	if _, err := h.Commit(background, rest, s.saying(total)); err != nil {
		return err
	}
	fmt.Printf("charged %s %d\n", b.identifier(), total)
	return nil
}

// trade sells to two callers of each purse until the process dies.
func (s *till) trade(life int) error {
	var mu sync.Mutex // guards what follows
	number, ceiling := 0, s.state().Ceiling
	next := func(by purse) bill {
		mu.Lock()
		defer mu.Unlock()
		b := bill{purse: by, life: life, number: number}
		if number++; by == byVoucher {
			ceiling += tillPrice
			b.ceiling = ceiling
		}
		return b
	}
	failed := make(chan error, 2*purses)
	for by := range 2 * purses {
		go func() {
			for {
				b := next(by % purses)
				if err := s.sell(b); err != nil {
					failed <- fmt.Errorf("%+v: %w", b, err)
					return
				}
				if b.number%4 == 3 {
					s.store.Settle()
				}
			}
		}()
	}
	return <-failed
}

func tradeUntilKilled(path, point string) {
	life, _ := strconv.Atoi(os.Getenv(lifeEnv))
	s, err := openTill(path, os.Getenv(tokensEnv), dies(point))
	if err == nil {
		err = s.trade(life)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

const lifeEnv = "DISKSTORE_LIFE"

// opens makes the channel, and grants a token of which a narrower one is made.
func (s *till) opens(t *testing.T) (tokens string) {
	t.Helper()
	if _, err := s.ledger.Open(t.Context(), tillDeployment, tillConfig, vouchers.ChainState{Balance: 1 << 50}); err != nil {
		t.Fatal(err)
	}
	caveats, err := macaroon.Scope{Budget: tillBudget, Calls: tillCalls, Expires: time.Now().Add(24 * time.Hour)}.Caveats()
	if err != nil {
		t.Fatal(err)
	}
	v := vouchers.Voucher{Channel: tillChannel, Ceiling: tillBudget}
	signature, err := tillDomain.SignVoucher(tillKey, v)
	if err != nil {
		t.Fatal(err)
	}
	purse, err := s.ledger.Reserve(t.Context(), ledger.Payment{Deployment: tillDeployment, Config: tillConfig, Voucher: v, Signature: signature, Price: tillBudget})
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := s.credit.Grant(t.Context(), credit.Request{Channel: tillChannel, Payer: tillConfig.Payer, Nonce: [32]byte{1}, Caveats: caveats}, purse)
	if err != nil {
		t.Fatal(err)
	}
	narrower, err := token.Attenuate(macaroon.Scope{Budget: tillBudget / 2})
	if err != nil {
		t.Fatal(err)
	}
	return token.Text() + " " + narrower.Text()
}

// tape is what the callers of all lives were told.
type tape struct {
	t     *testing.T
	bills map[string]bill
	told  map[string]vouchers.Amount // what a bill has come to, so far
	open  map[string]bool            // their last charge, if any, was not heard of
}

// hear takes down a line that a child has printed.
func (r *tape) hear(line string) {
	var b bill
	if n, _ := fmt.Sscanf(line, "call %d %d %d %d", &b.purse, &b.ceiling, &b.life, &b.number); n == 4 {
		r.bills[b.identifier()], r.open[b.identifier()] = b, true
		return
	}
	var identifier string
	var total vouchers.Amount
	if n, err := fmt.Sscanf(line, "charged %s %d", &identifier, &total); n != 2 {
		r.t.Fatalf("the child says %q: %v", line, err)
	}
	r.told[identifier] = total
	if all, _, _ := r.bills[identifier].total(); all == total {
		delete(r.open, identifier)
	}
}

// sums are what each purse was told to have paid; and how many calls each has paid for.
func (r *tape) sums() (paid, calls [purses]vouchers.Amount) {
	for identifier, total := range r.told {
		by := r.bills[identifier].purse
		paid[by] += total
		calls[by]++
	}
	return paid, calls
}

// audit holds a till that was opened again against what was told: first with what is open in
// doubt; then, once the open calls were made again, to the last unit.
func (r *tape) audit(s *till) {
	t := r.t
	t.Helper()
	least, _ := r.sums()
	most := least
	for identifier := range r.open {
		b := r.bills[identifier]
		total, _, _ := b.total()
		most[b.purse] += total - r.told[identifier]
	}
	for by, paid := range s.paid(t) {
		if paid < least[by] || paid > most[by] {
			t.Errorf("purse %d has paid %d, was told %d, and is charged %d at most", by, paid, least[by], most[by])
		}
	}
	for identifier := range r.open {
		r.repeat(s, identifier)
	}
	clear(r.open)
	paid, calls := r.sums()
	if got := s.paid(t); got != paid {
		t.Errorf("the purses have paid %v, and were told %v", got, paid)
	}
	if left, want := s.left(t, byToken, "calls"), tillCalls-calls[byToken]-calls[byNarrower]; left != want {
		t.Errorf("%d calls are left, want %d", left, want)
	}
	var sum, last vouchers.Amount
	err := s.receipts.Walk(t.Context(), tillChannel, 0, func(signed *receipts.Signed) error {
		sum, last = sum+signed.Charged, signed.Cumulative
		return nil
	})
	if charged := s.state().Charged; err != nil || sum != charged || last != charged {
		t.Errorf("charged are %d, the receipts add up to %d and end with %d: %v", charged, sum, last, err)
	}
}

// repeat makes a call again: it gets the answer that it was charged for, and is charged nothing.
func (r *tape) repeat(s *till, identifier string) {
	r.t.Helper()
	h, err := s.hold(r.bills[identifier])
	if err != nil {
		if told, heard := r.told[identifier]; heard || r.bills[identifier].purse != byVoucher {
			r.t.Errorf("call %s, which was told %d: %v", identifier, told, err)
		}
		return // a voucher whose ceiling is past, and bought nothing
	}
	body, answered := h.Answer()
	if !answered {
		h.Release()
		body = nil
	}
	total, _ := strconv.Atoi(string(body))
	told, heard := r.told[identifier]
	if says := vouchers.Amount(total); says < told || !r.open[identifier] && says != told || heard && !answered {
		r.t.Errorf("call %s was told %d, and is told %q", identifier, told, body)
	} else if answered {
		r.told[identifier] = says
	}
}

// paid is what the till knows of each purse. It fails where the ledger and the budgets do not
// say the same.
func (s *till) paid(t *testing.T) (all [purses]vouchers.Amount) {
	t.Helper()
	ch, left := s.state(), s.left(t, byToken, "budget")
	if ch.Aside != left || ch.Reserved != 0 || ch.InFlight != 0 || ch.Charged > ch.Ceiling {
		t.Errorf("%d of the budget are left, the channel is %+v", left, ch)
	}
	tokens := tillBudget - left
	all[byNarrower] = tillBudget/2 - s.left(t, byNarrower, "budget")
	all[byToken] = tokens - all[byNarrower]
	all[byVoucher] = ch.Charged - tokens
	return all
}

// left is what is left of the narrowest caveat of a kind.
func (s *till) left(t *testing.T, of purse, kind string) (left vouchers.Amount) {
	t.Helper()
	report, err := s.credit.Inspect(s.tokens[of])
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range report.Levels {
		if strings.HasPrefix(level.Caveat, kind) {
			left = *level.Remaining
		}
	}
	return left
}

func TestAProcessThatDiesAtAnyStepLosesNothingOfVouchersAndTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chit.db")
	s, err := openTill(path, "")
	if err != nil {
		t.Fatal(err)
	}
	tokens := s.opens(t)
	closeStore(t, s.store)
	r := &tape{t: t, bills: map[string]bill{}, told: map[string]vouchers.Amount{}, open: map[string]bool{}}
	kills := 0
	for range rounds(t, 1) {
		for _, p := range points {
			point := fmt.Sprintf("%s/%d/%d", p.name, p.torn, kills%5+1)
			runUntilKilled(t, point, []string{tillEnv + "=" + path, tokensEnv + "=" + tokens, fmt.Sprintf("%s=%d", lifeEnv, kills)}, r.hear)
			sound(t, path)
			if s, err = openTill(path, tokens); err != nil {
				t.Fatalf("after a death at %s: %v", point, err)
			}
			r.audit(s)
			closeStore(t, s.store)
			if kills++; t.Failed() {
				t.Fatalf("after a death at %s", point)
			}
		}
	}
	if s, err = openTill(path, tokens); err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s.store)
	for identifier := range r.told {
		r.repeat(s, identifier)
	}
	paid, calls := r.sums()
	t.Logf("kills=%d calls=%d lost=0 double=0", kills, calls[byVoucher]+calls[byToken]+calls[byNarrower])
	if paid != s.paid(t) || calls[byVoucher] == 0 || calls[byToken] == 0 || calls[byNarrower] == 0 {
		t.Errorf("paid %v in %v calls, known are %v", paid, calls, s.paid(t))
	}
}
