package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// tab is a payer who has many calls in flight at once.
type tab struct {
	*payer

	mu      sync.Mutex // guards what follows
	next    vouchers.Amount
	charged vouchers.Amount // what the answers say
	sums    map[vouchers.Amount]bool
	sent    []ledger.Payment
}

// sign returns the next payment, over those in flight.
func (p *tab) sign(price vouchers.Amount) ledger.Payment {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next += price
	return p.pays(p.next, price)
}

// buy signs anew where a claim has burnt, beside later calls, what was on its way.
func (p *tab) buy(s *shop, price vouchers.Amount) (ledger.Payment, *ledger.Reservation, error) {
	for {
		payment := p.sign(price)
		r, err := s.Reserve(p.t.Context(), payment)
		if !errors.Is(err, ledger.ErrCeilingBurnt) && !errors.Is(err, ledger.ErrCeilingBelowClaimed) {
			return payment, r, err
		}
	}
}

func (p *tab) answered(c ledger.Charge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.charged += c.Charged
	if c.Charged > 0 && p.sums[c.Cumulative] {
		p.t.Errorf("two charges say %d", c.Cumulative)
	}
	p.sums[c.Cumulative] = p.sums[c.Cumulative] || c.Charged > 0
}

// spent notes a payment whose call has ended.
func (p *tab) spent(payment ledger.Payment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, payment)
}

// stolen returns a payment whose call has ended, for another request.
func (p *tab) stolen(random *rand.Rand) ledger.Payment {
	p.mu.Lock()
	defer p.mu.Unlock()
	payment := p.sent[random.IntN(len(p.sent))]
	payment.Fingerprint = [32]byte{31: 0xff}
	return payment
}

func TestHundredsOfCallsOnOneChannelAddUp(t *testing.T) { crowd(t, 1, 400) }

func TestHundredsOfCallsOnManyChannelsAddUp(t *testing.T) { crowd(t, 20, 400) }

// crowd lets callers pay, fail, overpay, draw credit and replay each other's
// vouchers, while one watches the lines and another one claims.
func crowd(t *testing.T, channels, callers int) {
	const each, price, credit = 10, 10, 5000
	s := newShop(t, ledger.WithPatience(0))
	tabs := make([]*tab, channels)
	for i := range tabs {
		p := newPayer(t, "payer")
		p.config.Salt[0] = byte(i)
		p.id = domain.ChannelID(p.config)
		tabs[i] = &tab{payer: p.deposits(s, 1_000_000), sums: map[vouchers.Amount]bool{}}
		credits := tabs[i].sign(credit)
		s.setAside(credits)
		tabs[i].spent(credits)
	}
	var running, watching sync.WaitGroup
	var over atomic.Bool
	for _, p := range tabs {
		watching.Go(func() {
			for !over.Load() {
				watch(t, s, p)
			}
		})
	}
	for i := range callers {
		p := tabs[i%channels]
		running.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			for range each {
				visit(t, s, p, random, price)
			}
		})
	}
	running.Wait()
	over.Store(true)
	watching.Wait()
	for range 2 {
		for _, p := range tabs {
			if c := s.channel(p.payer); c.Charged != p.charged || c.Reserved != 0 || c.InFlight != 0 {
				t.Errorf("answered %d, the ledger has %+v", p.charged, c)
			}
		}
		s.restart()
	}
}

// visit is one call, of whatever kind.
func visit(t *testing.T, s *shop, p *tab, random *rand.Rand, price vouchers.Amount) {
	var r *ledger.Reservation
	var err error
	switch random.IntN(8) {
	case 0:
		r, err = s.Draw(t.Context(), p.id, price)
	case 1: // it fits where the call has failed, and buys this one then
		r, err = s.Reserve(t.Context(), p.stolen(random))
		if errors.Is(err, ledger.ErrCeilingMismatch) || errors.Is(err, ledger.ErrCeilingBelowClaimed) || errors.Is(err, ledger.ErrCeilingBurnt) {
			return
		}
	default:
		var payment ledger.Payment
		payment, r, err = p.buy(s, price)
		defer p.spent(payment)
	}
	if err != nil {
		t.Error(err)
		return
	}
	if random.IntN(5) == 0 {
		r.Release()
		return
	}
	actual := []vouchers.Amount{0, 1, price / 2, price}[random.IntN(4)]
	charge, err := r.Commit(context.Background(), min(actual, r.Price()), nil)
	if err != nil {
		t.Error(err)
		return
	}
	p.answered(charge)
}

// watch checks a snapshot, and claims what may be claimed while calls are in flight.
func watch(t *testing.T, s *shop, p *tab) {
	c, _ := s.Channel(p.id)
	if c.Claimed > c.Charged || c.Charged > c.Ceiling || c.Charged+c.Reserved > c.Balance || c.Charged+c.Reserved+c.Aside > c.Ceiling {
		t.Errorf("a line is crossed: %+v", c)
	}
	claim, ok := s.Redeem(p.id, false)
	if !ok {
		return
	}
	if err := errors.Join(s.Burn(t.Context(), p.id, claim.Ceiling), s.Claimed(t.Context(), p.id, claim.Total)); err != nil {
		t.Error(err)
	}
}

func TestTheChargesOfAChannelAreAnsweredInTheOrderInWhichTheyAreKept(t *testing.T) {
	const calls = 64
	s := newShop(t)
	p := newPayer(t, "payer").deposits(s, 100*calls*(calls+1))
	var told []vouchers.Amount // the turn guards it
	var group sync.WaitGroup
	for i := range vouchers.Amount(calls) {
		r := s.reserve(p.pays(calls*(i+1), calls))
		group.Go(func() {
			_, err := r.Commit(context.Background(), i+1, func(c ledger.Charge) (ledger.Kept, error) {
				told = append(told, c.Cumulative-c.Charged, c.Cumulative)
				return ledger.Kept{}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	last := vouchers.Amount(0)
	for i := 0; i < len(told); i += 2 {
		if told[i] != last {
			t.Fatalf("charge %d begins at %s, the one before ended at %s", i/2, told[i], last)
		}
		last = told[i+1]
	}
	if last != calls*(calls+1)/2 {
		t.Errorf("%s were charged", last)
	}
}
