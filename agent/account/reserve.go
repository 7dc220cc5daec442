package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// turnsAfterCollision is how many calls are made one at a time after a server that
// takes no more of them at once has said so. Then it is asked again.
const turnsAfterCollision = 256

// Need is what a call asks of its channel. It is the same one for all tries of the call.
type Need struct {
	Price   vouchers.Amount
	Deposit vouchers.Amount  // comes with the call
	before  *vouchers.Amount // what was signed before the first try; nil until it is made
}

// Reserve returns the ceiling to sign for a call, which may bring a deposit with it, or
// was tried before. It waits while a correction is under way, and for its turn where calls
// are made one at a time. It fails with a [*BalanceError] when the channel cannot pay.
func (a *Account) Reserve(ctx context.Context, n *Need) (vouchers.Amount, error) {
	if err := a.lockReady(ctx); err != nil {
		return 0, err
	}
	defer a.unlock()
	if err := errors.Join(a.broken, a.uncounted); err != nil {
		return 0, err
	}
	balance := a.balance.Plus(n.Deposit)
	sum, ok := a.committed().Add(n.Price)
	ceiling := sum // alone, the strict form is taken also where it has bought a call before
	if a.turns == 0 || len(a.inFlight) > 0 {
		ceiling = a.free(sum)
	}
	if !ok || ceiling.Minus(a.offset) > balance {
		return 0, &BalanceError{Required: n.Price, Remaining: balance.Minus(a.used()), Balance: balance}
	}
	if err := a.affords(ceiling, sum); err != nil {
		return 0, err
	}
	if n.before == nil {
		before := a.signed
		n.before = &before
	}
	a.signings++
	a.inFlight[ceiling] = flight{price: n.Price, before: *n.before, losses: a.losses, signing: a.signings, owner: a.board.owner(), joined: a.flying > 0}
	a.flying += n.Price
	a.signed = max(a.signed, ceiling)
	return ceiling, nil
}

// committed is what a further ceiling is signed over.
func (a *Account) committed() vouchers.Amount { return a.charged.Plus(a.flying).Plus(a.doubt) }

// used is what further calls cannot spend.
func (a *Account) used() vouchers.Amount { return a.committed().Minus(a.offset) }

// affords holds against the limits what the price that is held does not cover: what was
// conceded since, and by how much a ceiling had to be moved up.
func (a *Account) affords(ceiling, sum vouchers.Amount) error {
	if a.tally == nil {
		return nil
	}
	if a.raised {
		if err := a.tally.Fits(); err != nil {
			return err
		}
		a.raised = false
	}
	if most := max(a.signed, sum); ceiling > most {
		return a.tally.Exceed(ceiling - most)
	}
	return nil
}

// lockReady locks the account at a moment at which a call may be signed.
func (a *Account) lockReady(ctx context.Context) error {
	for {
		if err := a.lockUntil(ctx); err != nil {
			return err
		}
		for _, ceiling := range a.board.abandoned(&a.figures) {
			a.giveUp(ceiling)
		}
		if !a.draining && (a.turns == 0 || a.flying == 0) {
			return nil
		}
		if a.landed == nil {
			a.landed = make(chan struct{})
		}
		landed := a.landed
		a.await()
		a.unlock()
		select {
		case <-landed:
		case <-a.board.soon():
		case <-ctx.Done():
			return fmt.Errorf("waiting for the calls in flight of the same channel: %w", context.Cause(ctx))
		}
	}
}

// Collides tells whether a refused call, which is still reserved, may have been refused
// because of others of its time, and the server knows of no charge that this account
// does not. Calls are made one at a time then.
func (a *Account) Collides(ceiling, charged vouchers.Amount) bool {
	a.lock()
	defer a.unlock()
	if a.unsure || !a.crowded(ceiling) || charged > a.committed() {
		return false
	}
	a.turns = turnsAfterCollision
	return true
}

func (a *Account) free(ceiling vouchers.Amount) vouchers.Amount {
	for {
		_, flying := a.inFlight[ceiling]
		_, spent := a.spent[ceiling]
		if !flying && !spent {
			return ceiling
		}
		ceiling++
	}
}
