package agent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/agent/policy"
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
	policy *policy.Policy
	server string
	now    func() time.Time

	writing lock.Turn // held while the table is updated; taken before mu

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

const dayForm = time.DateOnly

func (s *purse) today() string { return s.now().UTC().Format(dayForm) }

// expense is the money that is held for one call.
type expense struct {
	purse   *purse
	day     string
	call    policy.Proposal
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
	return &expense{purse: s, day: s.today(), call: policy.Proposal{Server: s.server, Tool: ofATool.Replace(tool)}}
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
		return &policy.Error{Code: policy.CodePerCallExceeded, Limit: "this call", Server: e.call.Server, Tool: e.call.Tool, Required: price, Remaining: e.most}
	}
	if err := e.purse.policy.Allows(ctx, e.call); err != nil {
		return err
	}
	e.judged = true
	if !e.purse.policy.Counts() || price == 0 {
		e.held = price
		return nil
	}
	more := &order{change: e.change(holds, price-e.held)}
	err := e.purse.decide(ctx, more)
	var refused *policy.Error
	if errors.As(err, &refused) {
		refused.Required, refused.Remaining = price, refused.Remaining.Plus(e.held)
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
	var refused *policy.Error
	if errors.As(err, &refused) {
		refused.Tool, refused.Required = e.call.Tool, e.held.Plus(refused.Required)
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
	e.purse.later(e.change(ends, e.booked.Minus(e.lost)))
	e.purse.later(e.change(retracts, e.unsent))
}

// later notes a change that no limit waits for. Other processes see it within a second. Where
// there are limits, what a killed process forgets of it counts: the table has what was held.
func (s *purse) later(c change) {
	if c.amount == 0 && c.cost == 0 {
		return
	}
	var err error
	s.mu.Lock()
	owe := s.owe
	if !s.policy.Counts() {
		err = s.table.jot(s.server, c)
	}
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
			rows[key] = rows[key].Plus(amount)
		}
	}
}
