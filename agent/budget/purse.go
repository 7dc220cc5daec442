package budget

import (
	"sync"
	"time"

	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/agent/policy"
)

// Options say whose spending is counted, where, and against what.
type Options struct {
	// Table is where it is counted; nil is in memory alone.
	Table Table
	// Policy has the limits, Server is whose rows they are held against.
	Policy *policy.Policy
	Server string
	// Now tells the time; nil is the system's clock.
	Now func() time.Time
	// Owe is told what could not be written later; nil writes nothing by itself.
	Owe func(error)
}

// Open begins an account of what is spent. Who has it ends it with [Purse.Rest] and
// [Purse.Flush].
func Open(o Options) *Purse {
	if o.Table == nil {
		o.Table = &scratch{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Purse{table: o.Table, policy: o.Policy, server: o.Server, now: o.Now, owe: o.Owe}
}

// Purse is the payer's account of what it spends at one server, held against the
// limits of its policy.
//
// A server can take the highest ceiling that was signed for it, whatever it says that it
// charged. So the sum of the table's rows of a channel is never below that: money that
// was held for a call, and that a voucher was signed over, stays in the table. It is on
// its way until the call is answered, or a later answer says what became of it. What the
// call did not cost goes into a pool of the channel, from which the next calls of that
// channel are paid first, since they sign the same ceilings again.
type Purse struct {
	table  Table
	policy *policy.Policy
	server string
	now    func() time.Time

	writing lock.Turn // held while the table is updated; taken before mu

	mu   sync.Mutex // guards what follows
	next *orders    // those that wait for the update under way
	late []Change   // changes that no limit waits for
	soon *time.Timer
	owe  func(error) // told what could not be written later; nil writes nothing by itself

	writers sync.WaitGroup // of late changes
}

const dayForm = time.DateOnly

// Today is the day in UTC, as rows have it.
func (s *Purse) Today() string { return s.now().UTC().Format(dayForm) }

// later notes a change that no limit waits for. Other processes see it within a second. Where
// there are limits, what a killed process forgets of it counts: the table has what was held.
func (s *Purse) later(c Change) {
	if c.Amount == 0 && c.Cost == 0 {
		return
	}
	var err error
	s.mu.Lock()
	owe := s.owe
	if !s.policy.Counts() {
		err = s.table.Jot(s.server, c)
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

func (s *Purse) flushSoon() {
	defer s.writers.Done()
	s.mu.Lock()
	s.soon = nil
	owe := s.owe
	s.mu.Unlock()
	if err := s.Flush(); owe != nil {
		owe(err)
	}
}

// Rest ends what later has begun.
func (s *Purse) Rest() {
	s.mu.Lock()
	s.owe = nil
	if s.soon != nil && s.soon.Stop() {
		s.writers.Done()
	}
	s.mu.Unlock()
	s.writers.Wait()
}
