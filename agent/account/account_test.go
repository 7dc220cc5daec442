package account

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
)

// market is an account and an honest server, with calls on the wire between them.
type market struct {
	account *Account
	flying  map[vouchers.Amount]vouchers.Amount // ceiling to price, of calls on the wire
	stale   bool                                // the account has lost its memory and has not been corrected

	// The server's side.
	charged, top vouchers.Amount
	reserved     map[vouchers.Amount]vouchers.Amount // accepted, and neither charged nor failed yet
	answers      map[vouchers.Amount]charge          // on their way back
	refusals     map[vouchers.Amount]stance          // on their way back
	used         map[vouchers.Amount]bool            // ceilings that have bought a call
	burnt        vouchers.Amount                     // the highest ceiling that was put on chain
	offset       vouchers.Amount                     // the part of charged that a settlement has added
}

// stance is what the server knew when it refused a call.
type stance struct{ charged, top vouchers.Amount }

// charge is what an answer says.
type charge struct{ actual, total vouchers.Amount }

const deposited = vouchers.Amount(50_000)

// newAccount is an account that is kept in memory alone.
func newAccount(balance, charged, signed vouchers.Amount) *Account {
	return &Account{forgets: true, figures: newFigures(balance, charged, signed)}
}

// reserve is the ceiling for a call without a deposit, on its first try.
func (a *Account) reserve(ctx context.Context, price vouchers.Amount) (vouchers.Amount, error) {
	return a.Reserve(ctx, &Need{Price: price})
}

func newMarket() *market {
	return &market{
		account: newAccount(deposited, 0, 0), flying: map[vouchers.Amount]vouchers.Amount{},
		reserved: map[vouchers.Amount]vouchers.Amount{}, answers: map[vouchers.Amount]charge{}, refusals: map[vouchers.Amount]stance{}, used: map[vouchers.Amount]bool{},
	}
}

func sum(prices map[vouchers.Amount]vouchers.Amount) (all vouchers.Amount) {
	for price := range maps.Values(prices) {
		all += price
	}
	return all
}

// sign makes a call, and checks that the account signs no more than it must.
func (m *market) sign(t *rapid.T) {
	price := vouchers.Amount(rapid.IntRange(1, 900).Draw(t, "price"))
	a := m.account
	if a.draining {
		t.Skip("a correction is under way")
	}
	must := a.charged + sum(m.flying) + a.doubt + price
	moved := vouchers.Amount(len(m.flying) + len(a.spent)) // ceilings that are taken already
	ceiling, err := a.reserve(context.Background(), price)
	if errors.Is(err, ErrBalance) {
		if must+moved <= deposited {
			t.Fatalf("a call of %d is refused: %v", price, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if ceiling < must || ceiling > must+moved || ceiling > deposited {
		t.Fatalf("signed %d for a call of %d, charged %d, in flight %d, in doubt %d", ceiling, price, a.charged, sum(m.flying), a.doubt)
	}
	strict := len(m.flying) == 0 && ceiling == m.charged+price // is taken again
	if _, twice := m.flying[ceiling]; twice || m.used[ceiling] && !m.stale && !strict {
		t.Fatalf("signed %d for a second call", ceiling)
	}
	m.flying[ceiling] = price
}

// pick takes one of the calls on the wire, in an order of its own.
func (m *market) pick(t *rapid.T) (ceiling, price vouchers.Amount) {
	if len(m.flying) == 0 {
		t.Skip("nothing is in flight")
	}
	ceiling = rapid.SampledFrom(slices.Sorted(maps.Keys(m.flying))).Draw(t, "ceiling")
	return ceiling, m.flying[ceiling]
}

// accept is the server's rule for a voucher.
func (m *market) accept(ceiling, price vouchers.Amount) bool {
	if _, no := m.refusals[ceiling]; no {
		return false
	}
	_, in := m.reserved[ceiling]
	_, done := m.answers[ceiling]
	if in || done {
		return true
	}
	if m.takes(ceiling, price) {
		m.top = max(m.top, ceiling)
		m.reserved[ceiling] = price
		return true
	}
	m.refusals[ceiling] = stance{m.charged, m.top}
	return false
}

func (m *market) takes(ceiling, price vouchers.Amount) bool {
	need := m.charged + sum(m.reserved) + price
	strict := len(m.reserved) == 0 && ceiling == need
	fits := strict || !m.used[ceiling] && need <= max(m.top, ceiling)
	return fits && ceiling > m.burnt && ceiling <= deposited
}

// settle puts a voucher on chain, which buys nothing from then on: one within what the
// payer counts, or, of a channel without calls, the newest. The payer's count rises to it.
func (m *market) settle(t *rapid.T) {
	most := m.top
	if len(m.reserved) > 0 || rapid.Bool().Draw(t, "keeps the newest back") {
		most = min(m.top, m.charged)
	}
	for ceiling := range m.reserved {
		most = min(most, ceiling-1)
	}
	m.burnt = max(m.burnt, most)
	m.level()
}

// level is called after each end of a call, too: until then it may yet be charged.
func (m *market) level() {
	more := m.burnt.Minus(m.charged + sum(m.reserved))
	m.charged, m.offset = m.charged+more, m.offset+more
}

func (m *market) arrive(t *rapid.T) { m.accept(m.pick(t)) }

// commit charges a call up to its price, and sends the answer; a failed call costs nothing.
func (m *market) commit(t *rapid.T) {
	ceiling, price := m.pick(t)
	if _, in := m.reserved[ceiling]; in {
		m.end(ceiling, vouchers.Amount(rapid.IntRange(0, int(price)).Draw(t, "actual")))
	}
}

func (m *market) end(ceiling, actual vouchers.Amount) {
	delete(m.reserved, ceiling)
	m.charged += actual
	m.level()
	m.answers[ceiling] = charge{actual, m.charged}
	if actual > 0 {
		m.used[ceiling] = true
	}
}

func (m *market) answer(t *rapid.T) {
	ceiling, price := m.pick(t)
	m.land(t, ceiling, price)
}

// land brings the answer of a call to the payer: a receipt, or a correction.
func (m *market) land(t *rapid.T, ceiling, price vouchers.Amount) {
	delete(m.flying, ceiling)
	if !m.accept(ceiling, price) {
		says := m.refusals[ceiling]
		delete(m.refusals, ceiling)
		if err := m.account.correct(ceiling, says.charged, says.top); err != nil {
			t.Fatalf("an honest server's correction: %v", err)
		}
		return
	}
	if _, in := m.reserved[ceiling]; in {
		m.end(ceiling, price)
	}
	says := m.answers[ceiling]
	delete(m.answers, ceiling)
	if err := m.account.Settle(ceiling, says.actual, says.total); err != nil {
		t.Fatalf("an honest server's answer: %v", err)
	}
}

// lose ends a call whose answer gets lost; the server may have charged it or not.
func (m *market) lose(t *rapid.T) {
	ceiling, price := m.pick(t)
	if m.accept(ceiling, price) && rapid.Bool().Draw(t, "it comes to a charge") {
		if _, in := m.reserved[ceiling]; in {
			m.end(ceiling, price)
		}
	}
	delete(m.reserved, ceiling)
	delete(m.answers, ceiling)
	delete(m.refusals, ceiling)
	m.level()
	delete(m.flying, ceiling)
	m.account.Lose(ceiling)
}

// forget starts the payer again from an old book. Without a failed call's voucher the
// server takes nothing from it before it is corrected.
func (m *market) forget(t *rapid.T) {
	if len(m.flying) > 0 || m.top > m.charged {
		t.Skip("calls are in flight, or the server has a higher voucher")
	}
	charged := vouchers.Amount(rapid.IntRange(0, int(min(m.account.charged, m.charged))).Draw(t, "remembered"))
	m.account, m.stale = newAccount(deposited, charged, charged), charged != m.charged
}

// check holds the two sides against each other.
func (m *market) check(t *rapid.T) {
	a := m.account
	if a.flying != sum(m.flying) || len(a.inFlight) != len(m.flying) || a.draining && a.flying == 0 {
		t.Fatalf("the account has %d in flight, there are %d", a.flying, sum(m.flying))
	}
	if m.charged > max(a.signed, m.top) || m.charged > deposited || a.charged > m.charged {
		t.Fatalf("the server has charged %d, the account says %d and has signed %d", m.charged, a.charged, a.signed)
	}
	var unseen vouchers.Amount // charged by answers that are on their way
	for says := range maps.Values(m.answers) {
		unseen += says.actual
	}
	if m.charged-unseen <= a.charged+a.doubt {
		m.stale = false
	} else if !m.stale && m.charged-unseen-m.offset > a.charged+a.doubt {
		t.Fatalf("the account has %d charged and %d in doubt, the server has %d and %d on the way", a.charged, a.doubt, m.charged, unseen)
	}
}

func TestAnAccountSignsNoMoreThanItMustAndAgreesWithAnHonestServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMarket()
		t.Repeat(map[string]func(*rapid.T){
			"": m.check, "sign": m.sign, "sign more": m.sign, "arrive": m.arrive, "commit": m.commit,
			"answer": m.answer, "answer more": m.answer, "settle": m.settle, "lose": m.lose, "forget": m.forget,
		})
		for len(m.flying) > 0 { // let everything land
			m.answer(t)
			m.check(t)
		}
		for range 2 { // the first may be refused, and corrects the account
			if ceiling, err := m.account.reserve(context.Background(), 1); err == nil {
				m.flying[ceiling] = 1
				m.land(t, ceiling, 1)
			}
		}
		m.check(t)
		if a := m.account; m.charged < deposited-2 && (a.charged != m.charged || a.doubt != 0) {
			t.Fatalf("in the end the account has %d charged and %d in doubt, the server has %d", a.charged, a.doubt, m.charged)
		}
	})
}

func TestAnAccountFindsLiesOut(t *testing.T) {
	for name, lie := range map[string]func(a *Account, ceiling vouchers.Amount) error{
		"a charge above the price":          func(a *Account, c vouchers.Amount) error { return a.Settle(c, 101, 101) },
		"a total above what can be":         func(a *Account, c vouchers.Amount) error { return a.Settle(c, 100, 301) },
		"more charged than the proof":       func(a *Account, c vouchers.Amount) error { return a.correct(c, c+1, c) },
		"a charge for a call that is ended": func(a *Account, c vouchers.Amount) error { a.Release(c); return a.Settle(c, 1, 1) },
	} {
		a := newAccount(1_000, 0, 0)
		first, err := a.reserve(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := a.reserve(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		if err := lie(a, first); !errors.Is(err, ErrDishonest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPriceNearTheEndOfTheNumbersDoesNotWrapAround(t *testing.T) {
	a := newAccount(1<<64-1, 1<<63, 1<<63)
	if ceiling, err := a.reserve(t.Context(), 1<<63); !errors.Is(err, ErrBalance) {
		t.Errorf("signed %d, %v", ceiling, err)
	}
	if ceiling, err := a.reserve(t.Context(), 1<<63-1); err != nil || ceiling != 1<<64-1 {
		t.Errorf("signed %d, %v", ceiling, err)
	}
}

// landed fails the test unless every step was taken without a complaint.
func landed(t *testing.T, steps ...error) {
	t.Helper()
	for i, err := range steps {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
}

func reserved(t *testing.T, a *Account, price, want vouchers.Amount) {
	t.Helper()
	if ceiling, err := a.reserve(t.Context(), price); err != nil || ceiling != want {
		t.Errorf("signed %d for a call of %d, %v; want %d", ceiling, price, err, want)
	}
}

func TestAnAccountFromAnOldBookDoesNotAccuseTheServer(t *testing.T) {
	a := newAccount(1_000, 0, 0) // the server has charged 1 already
	reserved(t, a, 2, 2)
	reserved(t, a, 1, 3)
	landed(t, a.Settle(3, 0, 1), a.Settle(2, 2, 3))
	reserved(t, a, 1, 4)
}

func TestACorrectionWaitsForTheCallsInFlight(t *testing.T) {
	a := newAccount(1_000, 0, 0)
	reserved(t, a, 1, 1)
	landed(t, a.Settle(1, 1, 1)) // from here on the account is sure
	for ceiling := range vouchers.Amount(3) {
		reserved(t, a, 1, ceiling+2)
	}
	landed(t, a.correct(2, 6, 9)) // another client has charged 5, under a voucher of 9
	next := make(chan vouchers.Amount)
	go func() {
		ceiling, err := a.reserve(t.Context(), 1)
		if err != nil {
			t.Error(err)
		}
		next <- ceiling
	}()
	landed(t, a.Settle(3, 1, 7))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if ceiling, err := a.reserve(ended, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("signed %d under way, %v", ceiling, err)
	}
	landed(t, a.Settle(4, 1, 8))
	if ceiling := <-next; ceiling != 9 {
		t.Errorf("signed %d after a correction to 8", ceiling)
	}
}

func TestACeilingWhoseAnswerNeverCameIsNotSignedAgain(t *testing.T) {
	a := newAccount(1_000, 0, 0)
	reserved(t, a, 10, 10)
	reserved(t, a, 10, 20)
	a.Lose(20)
	landed(t, a.Settle(10, 0, 0)) // may be older than the outcome of the lost call
	reserved(t, a, 10, 21)
	landed(t, a.Settle(21, 10, 10)) // the lost call was not charged
	if a.doubt != 0 || a.charged != 10 {
		t.Errorf("charged %d, in doubt %d", a.charged, a.doubt)
	}
}
