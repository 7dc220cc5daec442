package credit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// The limits of the model's token and its sub-token.
const (
	modelBudget, modelSubBudget = 2000, 900
	modelRate, modelPeriod      = 300, time.Minute
)

// taken is a call of the model: when it was taken, and what it costs or holds.
type taken struct {
	at     time.Duration
	amount vouchers.Amount
	sub    bool
	spend  *credit.Spend // of one in flight
}

// model is what a plain observer knows of a token with a rate and its sub-token.
type model struct {
	*rapid.T
	shop      *shop
	root, sub macaroon.Token
	now       time.Duration
	charged   []taken
	flying    []taken
	// setBack says that the clock was: calls then count for longer than they must.
	setBack bool
}

// sum adds up the calls that were taken within the time before now.
func (m *model) sum(within time.Duration) (sum vouchers.Amount) {
	for _, all := range [][]taken{m.charged, m.flying} {
		for _, c := range all {
			if c.at > m.now-within {
				sum += c.amount
			}
		}
	}
	return sum
}

func (m *model) spent(onlySub bool) (sum vouchers.Amount) {
	for _, all := range [][]taken{m.charged, m.flying} {
		for _, c := range all {
			if c.sub || !onlySub {
				sum += c.amount
			}
		}
	}
	return sum
}

func (m *model) pass(d time.Duration) {
	m.shop.clock.pass(d)
	m.now += d
}

// call makes a call, which the rate must not take that would exceed it in the period
// that ends now, and must take that would not in a period and a sixteenth.
func (m *model) call() {
	price := vouchers.Amount(rapid.IntRange(1, 320).Draw(m.T, "price"))
	sub := rapid.Bool().Draw(m.T, "sub")
	token := m.root
	if sub {
		token = m.sub
	}
	fits := m.spent(false)+price <= modelBudget && (!sub || m.spent(true)+price <= modelSubBudget)
	spend, err := m.shop.Spend(context.Background(), token.Text(), credit.Call{Tool: "search", Price: price})
	if err == nil {
		if !fits || m.sum(modelPeriod)+price > modelRate {
			m.Fatalf("a call of %s was taken with %s in the period", price, m.sum(modelPeriod))
		}
		m.flying = append(m.flying, taken{m.now, price, sub, spend})
		return
	}
	var refusal *credit.Refusal
	if !errors.As(err, &refusal) {
		m.Fatal(err)
	}
	if refusal.Code != credit.CodeRateLimited {
		if fits {
			m.Fatalf("a call of %s: %v", price, err)
		}
		return
	}
	if !m.setBack && m.sum(modelPeriod+modelPeriod/16)+price <= modelRate {
		m.Fatalf("a call of %s: %v, with %s in the period and a sixteenth", price, err, m.sum(modelPeriod+modelPeriod/16))
	}
	m.wait(token, price, refusal)
}

// wait sees that the call is refused until the time that the refusal names.
func (m *model) wait(token macaroon.Token, price vouchers.Amount, refusal *credit.Refusal) {
	if (refusal.RetryAfter == 0) != (price > modelRate) {
		m.Fatalf("a call of %s of %d: %v", price, modelRate, refusal)
	}
	if refusal.RetryAfter == 0 || !rapid.Bool().Draw(m.T, "wait") {
		return
	}
	limited := func() bool {
		var again *credit.Refusal
		err := m.shop.Allows(token.Text(), credit.Call{Tool: "search", Price: price})
		return errors.As(err, &again) && again.Code == credit.CodeRateLimited
	}
	m.pass(refusal.RetryAfter - time.Second)
	if !limited() {
		m.Fatalf("a call of %s is taken %s after %v", price, refusal.RetryAfter-time.Second, refusal)
	}
	m.pass(time.Second)
	if limited() {
		m.Fatalf("a call of %s is refused %s after %v", price, refusal.RetryAfter, refusal)
	}
}

// end charges a call in flight, or gives it back.
func (m *model) end() {
	if len(m.flying) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.flying)-1).Draw(m.T, "flight")
	c := m.flying[i]
	m.flying = append(m.flying[:i:i], m.flying[i+1:]...)
	if rapid.IntRange(0, 3).Draw(m.T, "fails") == 0 {
		c.spend.Release()
		return
	}
	c.amount = vouchers.Amount(rapid.Uint64Range(0, uint64(c.amount)).Draw(m.T, "actual"))
	if _, err := c.spend.Commit(context.Background(), c.amount, nil); err != nil {
		m.Fatal(err)
	}
	m.charged = append(m.charged, c)
}

// restart ends the process and what is in flight, perhaps with the clock set back.
func (m *model) restart() {
	if !m.setBack && rapid.IntRange(0, 3).Draw(m.T, "set back") == 0 {
		wall, _ := m.shop.clock.read()
		m.shop.clock.set(wall.Add(-time.Hour))
		m.setBack = true
	}
	m.shop.restart()
	m.flying = nil
}

// TestNoPeriodHasMoreThanItsRate plays calls that overlap, fail, cost less, and are cut
// off by a crash, against a plain model of a token and its sub-token.
func TestNoPeriodHasMoreThanItsRate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newShop(t)
		defer s.close()
		m := &model{T: rt, shop: s}
		_, m.root = s.grant(macaroon.Scope{Budget: modelBudget, Rate: macaroon.Rate{Amount: modelRate, Period: modelPeriod}})
		m.sub = s.narrow(m.root, macaroon.Scope{Budget: modelSubBudget})
		rt.Repeat(map[string]func(*rapid.T){
			"call":    func(rt *rapid.T) { m.T = rt; m.call() },
			"call 2":  func(rt *rapid.T) { m.T = rt; m.call() },
			"end":     func(rt *rapid.T) { m.T = rt; m.end() },
			"end 2":   func(rt *rapid.T) { m.T = rt; m.end() },
			"restart": func(rt *rapid.T) { m.T = rt; m.restart() },
			"pass": func(rt *rapid.T) {
				m.pass(time.Duration(rapid.Int64Range(1, int64(90*time.Second)).Draw(rt, "time")))
			},
			"pass a little": func(rt *rapid.T) {
				m.pass(time.Duration(rapid.Int64Range(1, int64(5*time.Second)).Draw(rt, "time")))
			},
		})
		for _, from := range m.charged {
			sum := vouchers.Amount(0)
			for _, c := range m.charged {
				if c.at >= from.at && c.at < from.at+modelPeriod {
					sum += c.amount
				}
			}
			if sum > modelRate {
				rt.Fatalf("%s were charged in the period from %s", sum, from.at)
			}
		}
		m.flying = nil
		if got := s.state().Charged; got != m.spent(false) {
			rt.Fatalf("%s charged, want %s", got, m.spent(false))
		}
	})
}
