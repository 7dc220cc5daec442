package main_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers"
)

// accounts is what the customers of a shop that is killed know: what they were answered
// and charged for. Amounts are atomic units.
type accounts struct {
	t *testing.T

	cycles   int
	answered int        // calls that were charged for
	lost     int        // answers that the server has forgotten
	double   int        // charges that nobody got an answer for, or a second one
	old      []*payment // some of the answered ones, to send again much later

	mu       sync.Mutex // guards what follows, while agents buy
	channels map[vouchers.ChannelID]*page
}

// page is one channel's.
type page struct {
	charged  vouchers.Amount            // the sum of all charges on the wire
	receipts vouchers.Amount            // the sum of those that the agent has received
	highest  vouchers.Amount            // of the totals in the receipts on the wire
	totals   map[vouchers.Amount]string // which payment each of them came with
	burnt    vouchers.Amount            // the highest ceiling that may be on chain
}

// oldPayments is how many payments of all cycles are kept to be sent again.
const oldPayments = 32

func newAccounts(t *testing.T, buyers []*buyer) *accounts {
	b := &accounts{t: t, channels: map[vouchers.ChannelID]*page{}}
	for _, buyer := range buyers {
		b.channels[buyer.id] = &page{totals: map[vouchers.Amount]string{}}
	}
	return b
}

func (b *accounts) outcome() string {
	return fmt.Sprintf("answered=%d lost=%d double=%d", b.answered, b.lost, b.double)
}

// receive notes what an agent was charged for a call that it got its answer to.
func (b *accounts) receive(id vouchers.ChannelID, r agent.Receipt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.channels[id].receipts += r.Charged
}

// audit holds a server that was started again against the payments since the last
// audit. list asks it for its channels.
func (b *accounts) audit(w *wire, list func() map[vouchers.ChannelID]books.View) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cycles++
	sent := w.take()
	open := map[vouchers.ChannelID]vouchers.Amount{} // prices of calls whose answer never came
	for identifier, p := range sent {
		if p.answer == nil {
			open[p.channel] += p.price
		} else if p.answer.charged > 0 {
			b.enter(identifier, p)
		}
	}
	b.compare(list(), open)
	for identifier, p := range sent {
		b.repeat(w, identifier, p)
	}
	for _, p := range b.old {
		b.repeat(w, "of an earlier cycle", p)
	}
	b.compare(list(), nil) // now that every call has an answer or never will, to the last unit
	b.remember(sent)
}

// enter books an answer. No two of a channel may have come to the same total.
func (b *accounts) enter(identifier string, p *payment) {
	page, total := b.channels[p.channel], p.answer.cumulative
	if other, taken := page.totals[total]; taken {
		b.double++
		b.t.Errorf("payments %s and %s both came to %s in total", other, identifier, total)
	}
	page.totals[total], page.highest = identifier, max(page.highest, total)
	if p.answer.charged > p.price {
		b.t.Errorf("payment %s: %s charged for a price of %s", identifier, p.answer.charged, p.price)
	}
	b.answered++
	page.charged += p.answer.charged
}

// compare checks that the server has charged what the customers know of, and no
// more than what may have been charged without their knowing.
func (b *accounts) compare(views map[vouchers.ChannelID]books.View, open map[vouchers.ChannelID]vouchers.Amount) {
	for id, page := range b.channels {
		v := views[id]
		page.burnt = v.Burnt
		if v.Charged < max(page.charged, page.highest) || page.charged < page.receipts {
			b.lost++
			b.t.Errorf("cycle %d: channel %s is charged %s, the answers say %s and up to %s in total, the agent's receipts %s", b.cycles, id, v.Charged, page.charged, page.highest, page.receipts)
		}
		if v.Charged > page.charged+open[id] {
			b.double++
			b.t.Errorf("cycle %d: channel %s is charged %s, the answers say %s, unanswered are %s", b.cycles, id, v.Charged, page.charged, open[id])
		}
		if v.InFlight != 0 || v.Charged > v.Ceiling || v.Ceiling > v.Balance || v.Claimed > v.Charged {
			b.t.Errorf("cycle %d: channel %s after a restart: %+v", b.cycles, id, v)
		}
	}
}

// repeat sends a payment again. One that is on chain is refused, whatever came of it. One that was charged must get the same answer. One
// whose answer never came may get it now, or is refused since it was not charged and
// its ceiling is past. One that was refused, or whose tool failed, is not sent again:
// it would be a new call.
func (b *accounts) repeat(w *wire, identifier string, p *payment) {
	if p.answer != nil && p.answer.charged == 0 {
		return
	}
	again, err := w.replay(p)
	burnt := b.channels[p.channel].burnt
	switch {
	case err == nil && p.ceiling <= burnt:
		if again.charged > 0 || !again.refused() {
			b.t.Errorf("cycle %d: payment %s with a ceiling of %s got the answer %v, %s is on chain", b.cycles, identifier, p.ceiling, again, burnt)
		}
	case err != nil:
		b.t.Errorf("cycle %d: payment %s again: %v", b.cycles, identifier, err)
	case p.answer == nil:
		if p.answer = again; again.charged > 0 {
			b.enter(identifier, p)
		}
	case !reflect.DeepEqual(again, p.answer):
		b.lost++
		b.t.Errorf("cycle %d: payment %s got the answer %v, and after a restart %v", b.cycles, identifier, p.answer, again)
	}
}

// remember keeps some of the charged payments for later cycles, two of each cycle in
// place of others once there are enough.
func (b *accounts) remember(sent map[string]*payment) {
	more := 2
	for _, p := range sent { // in no order
		switch {
		case p.answer == nil || p.answer.charged == 0:
		case len(b.old) < oldPayments:
			b.old = append(b.old, p)
		case more > 0:
			b.old[rand.IntN(len(b.old))] = p
			more--
		}
	}
}
