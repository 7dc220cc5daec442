package agent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// spent names one sum of the table of what was spent.
type spent struct {
	day          string // "2006-01-02" in UTC, or "" for all days that are long over
	server, tool string
}

// table is what was spent, by day, server and tool. Update runs f on all of it, and
// keeps what f changes; no other update, of this process or another, comes between.
type table interface {
	updateSpending(f func(map[spent]vouchers.Amount)) error
}

// purse is the payer's account of what it spends at one server, held against the
// limits of its policy.
type purse struct {
	table  table
	policy *Policy
	server string
	now    func() time.Time

	writing sync.Mutex // held while the table is updated; taken before mu

	mu   sync.Mutex // guards what follows
	next *orders    // those that wait for the update under way
	late []change   // changes that no limit waits for
}

// change is money that was spent, or comes back. It is of the day on which it was held.
type change struct {
	day, tool string
	amount    vouchers.Amount
	back      bool
}

// orders are holds that are decided in one update of the table.
type orders struct {
	all  []*order
	done chan struct{} // closed when err and each order's refusal stand
	err  error
}

// order asks for money to be held for a call.
type order struct {
	change
	refused error
}

const dayForm = time.DateOnly

func (s *purse) today() string { return s.now().UTC().Format(dayForm) }

// expense is the money that is held for one call.
type expense struct {
	purse *purse
	day   string
	call  Proposal
	held  vouchers.Amount
}

func (s *purse) begin(tool string) *expense {
	tool = strings.ReplaceAll(tool, "\x00", "") // the book's separator
	return &expense{purse: s, day: s.today(), call: Proposal{Server: s.server, Tool: tool}}
}

// hold makes sure that a call at this price is within the policy and its money held.
func (e *expense) hold(ctx context.Context, price vouchers.Amount) error {
	if price <= e.held {
		return nil
	}
	e.call.Price = price
	if err := e.purse.policy.allows(ctx, e.call); err != nil {
		return err
	}
	if !e.purse.policy.counts() {
		e.held = price
		return nil
	}
	more := &order{change: change{day: e.day, tool: e.call.Tool, amount: price - e.held}}
	err := e.purse.decide(more)
	var refused *PolicyError
	if errors.As(err, &refused) {
		refused.Required, refused.Remaining = price, plus(refused.Remaining, e.held)
	}
	if err != nil {
		return err
	}
	e.held = price
	return nil
}

// end books what the call came to cost, at most what is held.
func (e *expense) end(cost vouchers.Amount) {
	c := change{day: e.day, tool: e.call.Tool, amount: cost}
	if e.purse.policy.counts() {
		c.amount, c.back = e.held-min(cost, e.held), true
	}
	if c.amount == 0 {
		return
	}
	e.purse.mu.Lock()
	defer e.purse.mu.Unlock()
	e.purse.late = append(e.purse.late, c)
}

// decide holds money in the table, unless a limit forbids it. Orders that come while
// the table is being updated are decided together in the next update.
func (s *purse) decide(o *order) error {
	s.mu.Lock()
	batch, leads := s.next, s.next == nil
	if leads {
		batch = &orders{done: make(chan struct{})}
		s.next = batch
	}
	batch.all = append(batch.all, o)
	s.mu.Unlock()
	if !leads {
		<-batch.done
	} else {
		batch.err = s.update(batch)
		close(batch.done)
	}
	if batch.err != nil {
		return batch.err
	}
	return o.refused
}

// flush writes the changes that no limit waits for.
func (s *purse) flush() error { return s.update(&orders{}) }

func (s *purse) update(batch *orders) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	if s.next == batch {
		s.next = nil
	}
	late := s.late
	s.late = nil
	s.mu.Unlock()
	if len(late) == 0 && len(batch.all) == 0 {
		return nil
	}
	err := s.table.updateSpending(func(rows map[spent]vouchers.Amount) {
		fold(rows, s.now())
		for _, c := range late {
			s.book(rows, c)
		}
		for _, o := range batch.all {
			if o.refused = s.check(rows, o.change); o.refused == nil {
				s.book(rows, o.change)
			}
		}
	})
	if err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.late = append(late, s.late...)
	}
	return err
}

func (s *purse) book(rows map[spent]vouchers.Amount, c change) {
	key := spent{c.day, s.server, c.tool}
	if c.back {
		rows[key] -= min(c.amount, rows[key])
		return
	}
	rows[key] = plus(rows[key], c.amount)
}

// bound is a limit on the sum of some rows.
type bound struct {
	name   string
	most   vouchers.Amount
	daily  bool
	counts func(spent) bool
}

// bounds are the policy's limits on what is spent on a day, for a tool. An empty tool
// stands for all of them.
func (s *purse) bounds(day, tool string) []bound {
	p := s.policy
	today := func(k spent) bool { return k.day == day }
	all := []bound{
		{p.perDay(), p.PerDay, true, today},
		{"this server", p.PerServer, false, func(k spent) bool { return k.server == s.server }},
		{"all calls", p.Total, false, func(spent) bool { return true }},
	}
	for _, limit := range p.Tools {
		if tool != "" && !matches(limit.Pattern, tool) {
			continue
		}
		match := func(k spent) bool { return matches(limit.Pattern, k.tool) }
		all = append(all,
			bound{"one day of " + limit.Pattern, limit.PerDay, true, func(k spent) bool { return today(k) && match(k) }},
			bound{"all calls of " + limit.Pattern, limit.Total, false, match})
	}
	return slices.DeleteFunc(all, func(b bound) bool { return b.most == 0 })
}

// check holds an order against every limit that depends on what was spent.
func (s *purse) check(rows map[spent]vouchers.Amount, c change) error {
	for _, b := range s.bounds(c.day, c.tool) {
		remaining := left(b.most, sumOf(rows, b.counts))
		if c.amount <= remaining {
			continue
		}
		refuse := &PolicyError{Code: CodeBudgetExhausted, Limit: b.name, Server: s.server, Tool: c.tool, Required: c.amount, Remaining: remaining}
		if b.daily {
			refuse.RetryAt = s.now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
		}
		return refuse
	}
	return nil
}

func sumOf(rows map[spent]vouchers.Amount, counts func(spent) bool) (total vouchers.Amount) {
	for key, amount := range rows {
		if counts(key) {
			total = plus(total, amount)
		}
	}
	return total
}

// plus adds, up to the highest amount there is.
func plus(a, b vouchers.Amount) vouchers.Amount {
	if total, ok := a.Add(b); ok {
		return total
	}
	return 1<<64 - 1
}

// daysKept is how many days the table tells apart.
const daysKept = 31

// fold adds up the days that are long over, so that the table does not grow.
func fold(rows map[spent]vouchers.Amount, now time.Time) {
	oldest := now.UTC().AddDate(0, 0, -daysKept).Format(dayForm)
	for key, amount := range maps.Clone(rows) {
		if key.day != "" && key.day < oldest {
			delete(rows, key)
			key.day = ""
			rows[key] = plus(rows[key], amount)
		}
	}
}

// Spent is what was spent by the payer's own book. Amounts are atomic units.
type Spent struct {
	// Today is what all calls of this day (UTC) cost, Server what all calls to this
	// server did, and Total all calls of the book.
	Today  vouchers.Amount `json:"today"`
	Server vouchers.Amount `json:"server"`
	Total  vouchers.Amount `json:"total"`
}

// report adds up what was spent, with what is held for calls in flight, and what the
// limits leave.
func (s *purse) report() (r Spent, limits []LimitLeft, err error) {
	if err := s.flush(); err != nil {
		return Spent{}, nil, err
	}
	today, limits := s.today(), []LimitLeft{}
	err = s.table.updateSpending(func(rows map[spent]vouchers.Amount) {
		r = Spent{
			Today:  sumOf(rows, func(k spent) bool { return k.day == today }),
			Server: sumOf(rows, func(k spent) bool { return k.server == s.server }),
			Total:  sumOf(rows, func(spent) bool { return true }),
		}
		for _, b := range s.bounds(today, "") {
			limits = append(limits, LimitLeft{b.name, b.most, left(b.most, sumOf(rows, b.counts))})
		}
	})
	return r, limits, err
}

// ReadBudget tells what a payer has spent by its book, and what the limits of a policy
// leave for calls to a server, at a time.
func ReadBudget(book *Book, policy Policy, server string, now time.Time) (Spent, []LimitLeft, error) {
	s := purse{table: book, policy: policy.withDefaults(), server: ServerName(server), now: func() time.Time { return now }}
	return s.report()
}

// scratch is a table in memory, for a payer without a book.
type scratch struct {
	mu   sync.Mutex // guards rows
	rows map[spent]vouchers.Amount
}

func (t *scratch) updateSpending(f func(map[spent]vouchers.Amount)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = make(map[spent]vouchers.Amount)
	}
	f(t.rows)
	return nil
}
