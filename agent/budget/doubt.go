package budget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// Doubt is a transfer that was signed, and of which it is not known whether it is made. Whoever
// was sent it can have it made until its time is over, whatever they have answered: until then, and
// until the chain has said that it was not, it counts.
type Doubt struct {
	// Server and Tool are what it pays for, Day ("2006-01-02" in UTC) is the day that it counts on.
	Server, Tool, Day string
	// Signed is when it was signed.
	Signed time.Time
	// Transfer is what was signed, without its signatures. Its Value is what counts, in atomic
	// units.
	Transfer transfer.Transfer
}

// Key tells the transfer from every other one.
func (d *Doubt) Key() common.Hash { return d.Transfer.Key() }

// Over is the moment from which on no block makes the transfer.
func (d *Doubt) Over() time.Time {
	seconds := d.Transfer.ValidBefore
	if d.Transfer.Method != transfer.EIP3009 && seconds+1 > seconds { // a deadline is within
		seconds++
	}
	return time.Unix(int64(min(seconds, 1<<40)), 0).UTC()
}

// row is where the transfer counts, on whatever day.
func (d *Doubt) row() string { return wayOf(vouchers.ChannelID(d.Key())) + d.Tool }

// Doubts are the transfers in doubt, by their keys.
type Doubts map[common.Hash]Doubt

// MaxDoubts is how many transfers of one book may be in doubt at once: a server that never says
// what became of its payments makes nobody remember more.
const MaxDoubts = 1000

// ErrDoubts says that [MaxDoubts] transfers are in doubt.
var ErrDoubts = errors.New("too many payments are in doubt")

// Doubt holds what a transfer moves against the limits, and writes down that it is in doubt, at
// once and durably, before anybody has it: it counts from then on until [Purse.Resolve]. The
// expense needs no end. Errors are those of the policy and the table, or wrap [ErrDoubts], or
// [policy.ErrTerms] where another transfer of the same [transfer.Transfer.Key] is in doubt: of the two
// the chain makes one, and it is not known which.
func (e *Expense) Doubt(ctx context.Context, t transfer.Transfer) error {
	t.Signature, t.Permit = nil, nil
	d := Doubt{Server: e.purse.server, Tool: e.call.Tool, Day: e.day, Signed: e.purse.now().UTC(), Transfer: t}
	var refused error
	err := e.purse.within(ctx, func(l *leaf, doubts Doubts) {
		hold := Change{Day: d.Day, Tool: d.Tool, Channel: vouchers.ChannelID(d.Key()), Kind: holds, Amount: t.Value}
		_, isSigned := doubts[d.Key()]
		switch refused = e.purse.check(l, hold); {
		case refused != nil:
		case isSigned:
			refused = fmt.Errorf("%w: the seller asks for a payment with the nonce of one that is in doubt; call again, so that it asks anew", policy.ErrTerms)
		case len(doubts) >= MaxDoubts:
			refused = fmt.Errorf("%w: %d of this wallet are, and no more are signed until the chain says what became of some: `chit budget` lists them", ErrDoubts, len(doubts))
		default:
			l.book(hold)
			doubts[d.Key()] = d
		}
	})
	if err != nil {
		return err
	}
	e.held = t.Value
	return refused
}

// Resolve says what a transfer has moved, at most what was signed, in atomic units: that is spent,
// and the rest counts no more, in the same write that removes the doubt. A transfer that is not in
// doubt changes nothing: known is false.
func (s *Purse) Resolve(ctx context.Context, key common.Hash, moved vouchers.Amount) (known bool, err error) {
	err = s.within(ctx, func(l *leaf, doubts Doubts) {
		var d Doubt
		if d, known = doubts[key]; known {
			delete(doubts, key)
			l.rows.resolve(&d, moved)
		}
	})
	return known, err
}

// resolve moves what a transfer cost from its row to that of its tool. Its day may be folded.
func (r Rows) resolve(d *Doubt, moved vouchers.Amount) {
	for row, amount := range maps.Clone(r) {
		if row.Server != d.Server || row.Tool != d.row() {
			continue
		}
		delete(r, row)
		cost := min(amount, moved)
		moved -= cost
		row.Tool = d.Tool
		r[row] = r[row].Plus(cost)
	}
}

// Doubts are the transfers in doubt of all servers, those whose time is over first.
func (s *Purse) Doubts(ctx context.Context) (all []Doubt, err error) {
	err = s.within(ctx, func(_ *leaf, doubts Doubts) { all = doubts.Sorted() })
	return all, err
}

// Sorted are those whose time is over first.
func (d Doubts) Sorted() []Doubt {
	return slices.SortedFunc(maps.Values(d), func(a, b Doubt) int {
		if c := a.Over().Compare(b.Over()); c != 0 {
			return c
		}
		return strings.Compare(a.Key().Hex(), b.Key().Hex())
	})
}

// Sum is what the transfers move at most, in atomic units.
func (d Doubts) Sum() (sum vouchers.Amount) {
	for _, one := range d {
		sum = sum.Plus(one.Transfer.Value)
	}
	return sum
}

// within runs f on the table and the doubts, after the changes that no limit waits for.
func (s *Purse) within(ctx context.Context, f func(*leaf, Doubts)) error {
	if err := s.writing.Take(ctx); err != nil {
		return err
	}
	defer s.writing.Give()
	s.mu.Lock()
	late, last := s.takeLate()
	s.mu.Unlock()
	err := s.table.UpdateDoubts(ctx, last, func(rows Rows, doubts Doubts) {
		fold(rows)
		l := newLeaf(rows, s.server)
		for _, c := range late {
			l.book(c)
		}
		f(l, doubts)
	})
	if err != nil {
		s.putBack(late)
	}
	return err
}

// storedDoubt is a doubt as it stands in a file. A tool's name may be any bytes.
type storedDoubt struct {
	Server   []byte    `json:"server"`
	Tool     []byte    `json:"tool"`
	Day      string    `json:"day"`
	Signed   time.Time `json:"signed"`
	Transfer []byte    `json:"transfer"`
}

// MarshalBinary writes the doubt for a file.
func (d Doubt) MarshalBinary() ([]byte, error) {
	raw, err := d.Transfer.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return json.Marshal(storedDoubt{[]byte(d.Server), []byte(d.Tool), d.Day, d.Signed, raw})
}

// UnmarshalBinary reads what MarshalBinary has written.
func (d *Doubt) UnmarshalBinary(raw []byte) error {
	var s storedDoubt
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	*d = Doubt{Server: string(s.Server), Tool: string(s.Tool), Day: s.Day, Signed: s.Signed}
	return d.Transfer.UnmarshalBinary(s.Transfer)
}
