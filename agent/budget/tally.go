package budget

import (
	"context"
	"errors"

	"github.com/chitpay/chit/vouchers"
)

// Tally counts what a channel's account tells of.
type Tally struct {
	purse *Purse
	id    vouchers.ChannelID
}

// Tally counts what can be taken from a channel beside the prices of calls.
func (s *Purse) Tally(id vouchers.ChannelID) Tally { return Tally{s, id} }

// Concede counts, from the pool and for good, what the server counts and no receipt explains.
func (t Tally) Concede(amount vouchers.Amount) error { return t.count(concedes, amount) }

// Exceed puts into the pool what is signed beyond the prices, unless a limit forbids it.
func (t Tally) Exceed(amount vouchers.Amount) error { return t.count(exceeds, amount) }

// Fits tells whether all that is counted is within the limits.
func (t Tally) Fits() error {
	if !t.purse.policy.Counts() {
		return nil
	}
	return t.purse.decide(context.Background(), &order{Change: Change{Day: t.purse.Today(), Tool: signedPool, Kind: fits}})
}

// Restore counts what was charged, and signed beyond that, before the book was lost.
func (t Tally) Restore(charged, beyond vouchers.Amount) error {
	return errors.Join(t.count(restores, charged), t.count(finds, beyond))
}

// Resolve says what became of what is on its way: so much was charged, so much was not.
func (t Tally) Resolve(charged, freed vouchers.Amount) {
	t.purse.later(Change{Day: t.purse.Today(), Channel: t.id, Kind: resolves, Amount: charged.Plus(freed), Cost: charged})
}

// ComeBack puts into the pool what was conceded, or else spent.
func (t Tally) ComeBack(amount vouchers.Amount) {
	t.purse.later(Change{Day: t.purse.Today(), Channel: t.id, Kind: returns, Amount: amount})
}

// Arrive counts as spent, of what was conceded, what calls cost that had come back.
func (t Tally) Arrive(amount vouchers.Amount) {
	t.ComeBack(amount)
	t.purse.later(Change{Day: t.purse.Today(), Channel: t.id, Kind: restores, Amount: amount, Tool: lateTool})
}

func (t Tally) count(k Kind, amount vouchers.Amount) error {
	c := Change{Day: t.purse.Today(), Tool: signedPool, Channel: t.id, Kind: k, Amount: amount}
	if k == restores {
		c.Day, c.Tool = "", restoredTool
	}
	if !t.purse.policy.Counts() || amount == 0 {
		t.purse.later(c)
		return nil
	}
	return t.purse.decide(context.Background(), &order{Change: c})
}
