package agent

import (
	"context"
	"errors"
	"fmt"
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
	server, tool string // a tool, a tool on its way, or a pool of a channel
}

// table is what was spent, by day, server and tool. Update runs f on all of it, and
// keeps what f changes; no other update, of this process or another, comes between. Others
// are waited for until the context ends.
//
// Jot notes a change of a server's rows that an update is yet to make, so that a process
// that is killed does not forget it. Turn ends a page of such notes: an update that has
// made all of them says so by the page's number, which is 0 where there are none.
type table interface {
	updateSpending(ctx context.Context, last uint64, f func(map[spent]vouchers.Amount)) error
	jot(server string, c change) error
	turn() (last uint64)
}

// purse is the payer's account of what it spends at one server, held against the
// limits of its policy.
//
// A server can take the highest ceiling that was signed for it, whatever it says that it
// charged. So the sum of the table's rows of a channel is never below that: money that
// was held for a call, and that a voucher was signed over, stays in the table. It is on
// its way until the call is answered, or a later answer says what became of it. What the
// call did not cost goes into a pool of the channel, from which the next calls of that
// channel are paid first, since they sign the same ceilings again.
type purse struct {
	table  table
	policy *Policy
	server string
	now    func() time.Time

	writing turn // held while the table is updated; taken before mu

	mu   sync.Mutex // guards what follows
	next *orders    // those that wait for the update under way
	late []change   // changes that no limit waits for
	soon *time.Timer
	owe  func(error) // told what could not be written later; nil writes nothing by itself

	writers sync.WaitGroup // of late changes
}

// change is what happens to the money of a channel. It is of the day on which it was held.
type change struct {
	day, tool string
	channel   vouchers.ChannelID
	kind      kind
	amount    vouchers.Amount
	taken     vouchers.Amount // what an undone hold had from the pool
	cost      vouchers.Amount // what of an amount on its way was charged
}

// kind is what a change does. Its numbers stand in files: new ones go to the end.
type kind uint8

const (
	holds    kind = iota // for a call, from the pool as far as that goes: it is on its way
	ends                 // a call: what it cost is spent, the rest goes into the pool, the ceiling is signed
	undoes               // a hold over which nothing was signed
	resolves             // what was on its way at the channel and is answered now, as ends
	returns              // what was spent, or conceded, and came back: into the pool, of the day on which it was spent
	retracts             // what was signed and has not left this machine: out of the pool
	concedes             // what the server counts and no receipt explains: from the pool, for good
	exceeds              // what was signed beyond the prices: into the pool
	restores             // what was charged before the book was lost: from the pool, on no day
	finds                // what was signed before the book was lost: into the pool
	fits                 // changes nothing: is all of it within the limits?
	pays                 // a call on a token: what it cost is spent, the rest of what was held is nobody's
)

// orders are changes that are decided in one update of the table.
type orders struct {
	all   []*order
	done  chan struct{} // closed when err and each order's refusal stand
	err   error
	ended bool // it was not decided, because the context of who leads it has ended
}

// order is a change that somebody waits for. Limits are held against it.
type order struct {
	change
	refused error
	gone    bool // nobody waits for it any more
}

const dayForm = time.DateOnly

func (s *purse) today() string { return s.now().UTC().Format(dayForm) }

// expense is the money that is held for one call.
type expense struct {
	purse   *purse
	day     string
	call    Proposal
	channel vouchers.ChannelID
	most    vouchers.Amount // that somebody has named; 0 is no limit beside the policy
	judged  bool            // the policy allows a call at the price that is held
	held    vouchers.Amount
	booked  vouchers.Amount // what of it is in the table, or on its way there
	taken   vouchers.Amount // what of that came from the pool
	signed  bool            // a voucher was signed over it
	unsent  vouchers.Amount // what was signed less once vouchers had provably not left
	lost    vouchers.Amount // the price of a voucher that nobody answered: it stays on its way
}

func (s *purse) begin(tool string) *expense {
	return &expense{purse: s, day: s.today(), call: Proposal{Server: s.server, Tool: ofATool.Replace(tool)}}
}

// ofATool leaves nothing in a tool's name that would make it another row's.
var ofATool = strings.NewReplacer("\x00", "", signedPool, "", concededPool, "", onItsWay, "", tokensSpent, "")

// hold makes sure that a call at the price of the terms is within the policy and its
// money held.
func (e *expense) hold(ctx context.Context, t *terms) error {
	price := t.accepted.Amount
	if e.judged && price <= e.held {
		return nil
	}
	e.call.Price, e.channel = price, t.id
	if e.most > 0 && price > e.most {
		return &PolicyError{Code: CodePerCallExceeded, Limit: "this call", Server: e.call.Server, Tool: e.call.Tool, Required: price, Remaining: e.most}
	}
	if err := e.purse.policy.allows(ctx, e.call); err != nil {
		return err
	}
	e.judged = true
	if !e.purse.policy.counts() || price == 0 {
		e.held = price
		return nil
	}
	more := &order{change: e.change(holds, price-e.held)}
	err := e.purse.decide(ctx, more)
	var refused *PolicyError
	if errors.As(err, &refused) {
		refused.Required, refused.Remaining = price, plus(refused.Remaining, e.held)
	}
	if err != nil {
		return err
	}
	e.held, e.booked, e.taken = price, price, e.taken+more.taken
	return nil
}

func (e *expense) change(k kind, amount vouchers.Amount) change {
	return change{day: e.day, tool: e.call.Tool, channel: e.channel, kind: k, amount: amount}
}

// sign says that a voucher is about to be signed over what is held.
func (e *expense) sign() {
	e.signed = true
	if more := e.held - e.booked; more > 0 {
		e.purse.later(e.change(holds, more))
		e.booked = e.held
	}
}

// explain puts the call into a refusal of more than its price.
func (e *expense) explain(err error) error {
	var refused *PolicyError
	if errors.As(err, &refused) {
		refused.Tool, refused.Required = e.call.Tool, plus(e.held, refused.Required)
	}
	return err
}

// end books what the call came to cost, at most what is held.
func (e *expense) end(cost vouchers.Amount) {
	if !e.signed {
		c := e.change(undoes, e.booked)
		c.taken = e.taken
		e.purse.later(c)
		return
	}
	c := e.change(ends, e.booked)
	c.cost = min(cost, e.booked)
	e.purse.later(c)
	e.purse.later(e.change(retracts, e.unsent))
}

// lose is end for a call of which nobody knows what it cost.
func (e *expense) lose() {
	e.purse.later(e.change(ends, left(e.booked, e.lost)))
	e.purse.later(e.change(retracts, e.unsent))
}

// later notes a change that no limit waits for. Other processes see it within a second.
func (s *purse) later(c change) {
	if c.amount == 0 && c.cost == 0 {
		return
	}
	s.mu.Lock()
	err, owe := s.table.jot(s.server, c), s.owe
	s.late = append(s.late, c)
	if s.soon == nil && owe != nil {
		s.writers.Add(1)
		s.soon = time.AfterFunc(lateTime, s.flushSoon)
	}
	s.mu.Unlock()
	if err != nil && owe != nil {
		owe(err)
	}
}

// lateTime is how long a change may wait for others to be written with.
const lateTime = 700 * time.Millisecond

func (s *purse) flushSoon() {
	defer s.writers.Done()
	s.mu.Lock()
	s.soon = nil
	owe := s.owe
	s.mu.Unlock()
	if err := s.flush(); owe != nil {
		owe(err)
	}
}

// rest ends what later has begun.
func (s *purse) rest() {
	s.mu.Lock()
	s.owe = nil
	if s.soon != nil && s.soon.Stop() {
		s.writers.Done()
	}
	s.mu.Unlock()
	s.writers.Wait()
}

// decide holds money in the table, unless a limit forbids it. Orders that come while
// the table is being updated are decided together in the next update.
func (s *purse) decide(ctx context.Context, o *order) error {
	for {
		batch, err := s.decided(ctx, o)
		switch {
		case err != nil:
			return err
		case batch.ended && ctx.Err() == nil: // another call was given up
			continue
		case batch.err != nil:
			return batch.err
		}
		return o.refused
	}
}

func (s *purse) decided(ctx context.Context, o *order) (*orders, error) {
	s.mu.Lock()
	batch, leads := s.next, s.next == nil
	if leads {
		batch = &orders{done: make(chan struct{})}
		s.next = batch
	}
	batch.all = append(batch.all, o)
	s.mu.Unlock()
	if leads {
		s.lead(ctx, batch)
		return batch, nil
	}
	select {
	case <-batch.done:
		return batch, nil
	case <-ctx.Done():
		return batch, s.giveUp(ctx, batch, o)
	}
}

// lead decides a batch. What was held for those who have gone meanwhile is not held.
func (s *purse) lead(ctx context.Context, batch *orders) {
	batch.err = s.update(ctx, batch)
	batch.ended = batch.err != nil && ctx.Err() != nil
	s.mu.Lock()
	close(batch.done)
	s.mu.Unlock()
	for _, o := range batch.all {
		if o.gone && o.refused == nil && batch.err == nil {
			undo := o.change
			undo.kind, undo.taken = undoes, o.taken
			s.later(undo)
		}
	}
}

// giveUp leaves an order to who leads its batch, unless that is decided.
func (s *purse) giveUp(ctx context.Context, batch *orders, o *order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-batch.done:
		return nil
	default:
		o.gone = true
		return fmt.Errorf("%w: %w", ErrBookBusy, context.Cause(ctx))
	}
}

// flush writes the changes that no limit waits for.
func (s *purse) flush() error { return s.update(context.Background(), &orders{}) }

func (s *purse) update(ctx context.Context, batch *orders) error {
	waited := s.writing.take(ctx)
	s.mu.Lock()
	if s.next == batch {
		s.next = nil
	}
	if waited != nil {
		s.mu.Unlock()
		return waited
	}
	defer s.writing.give()
	late := s.late
	s.late = nil
	last := s.table.turn()
	s.mu.Unlock()
	if len(late) == 0 && len(batch.all) == 0 {
		return nil
	}
	err := s.table.updateSpending(ctx, last, func(rows map[spent]vouchers.Amount) {
		fold(rows)
		l := newLeaf(rows, s.server)
		for _, c := range late {
			l.book(c)
		}
		for _, o := range batch.all {
			if o.refused = s.check(l, o.change); o.refused == nil {
				o.taken = l.book(o.change)
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
	today := func(k spent) bool { return k.day >= day } // also what a clock that is ahead has dated
	all := []bound{
		{p.perDay(), p.PerDay, true, today},
		{"this server", p.PerServer, false, func(k spent) bool { return k.server == s.server }},
		{"all calls", p.Total, false, func(spent) bool { return true }},
	}
	for _, limit := range p.Tools {
		if tool != "" && !matches(limit.Pattern, tool) {
			continue
		}
		match := func(k spent) bool { return !k.isPool() && matches(limit.Pattern, k.name()) }
		all = append(all,
			bound{"one day of " + limit.Pattern, limit.PerDay, true, func(k spent) bool { return today(k) && match(k) }},
			bound{"all calls of " + limit.Pattern, limit.Total, false, match})
	}
	return slices.DeleteFunc(all, func(b bound) bool { return b.most == 0 })
}

// check holds an order against every limit that depends on what was spent.
func (s *purse) check(l *leaf, c change) error {
	if c.kind != holds && c.kind != exceeds && c.kind != fits {
		return nil
	}
	var taken []piece
	if c.kind == holds {
		taken = l.from(c)
	}
	for _, b := range s.bounds(c.day, c.tool) {
		counted := sumOf(l.rows, b.counts)
		for _, piece := range taken {
			if b.counts(piece.spent) {
				counted -= piece.amount
			}
		}
		if plus(counted, c.amount) <= b.most {
			continue
		}
		refuse := &PolicyError{Code: CodeBudgetExhausted, Limit: b.name, Server: s.server, Tool: c.tool, Required: c.amount, Remaining: left(b.most, counted)}
		if b.daily {
			refuse.RetryAt = nextDay(s.now())
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

// fold adds up all days but the latest, so that the table does not grow. Which day it is
// by the clock, which may be wrong for a moment, does not matter.
func fold(rows map[spent]vouchers.Amount) {
	days := make(map[string]bool)
	for key := range rows {
		days[key.day] = true
	}
	delete(days, "")
	if len(days) <= daysKept {
		return
	}
	sorted := slices.Sorted(maps.Keys(days))
	oldest := sorted[len(sorted)-daysKept]
	for key, amount := range maps.Clone(rows) {
		if key.day != "" && key.day < oldest {
			delete(rows, key)
			key.day = ""
			rows[key] = plus(rows[key], amount)
		}
	}
}
