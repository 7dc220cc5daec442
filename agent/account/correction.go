package account

import (
	"errors"
	"fmt"
	"maps"

	"github.com/chitpay/chit/vouchers"
)

// What a server says of a channel is believed as far as this payer has signed for it, and
// what that adds to the payer's own account is counted as what can be taken.

// countFrom takes over a total above what this account knows of, and not above what was
// signed before: the server has put a voucher on chain that had so much to spare, and
// counts from there. It charges nothing for that; what was signed can be taken all the
// same, and is counted.
func (a *Account) countFrom(total vouchers.Amount) {
	if a.flying == 0 && !a.draining {
		a.adopt(total, a.doubt)
		return
	}
	a.drainTo(total)
}

// highest is the highest total that the server may report.
func (a *Account) highest() vouchers.Amount {
	most := a.committed()
	if a.draining || a.unsure { // there may be more than this account knew, all of it signed before
		most = max(most, a.opened.Plus(a.fresh).Plus(a.flying))
	}
	if a.unsure && a.forgets {
		most = max(most, a.signed)
	}
	return most
}

// clearDoubt takes the server's total as the outcome of the calls whose answers never
// came, once nothing else is in flight. A total that may be older than their outcome
// does not tell.
func (a *Account) clearDoubt() {
	if a.flying > 0 || a.doubt == 0 || !a.heard || a.seen < a.charged {
		return
	}
	a.rebase(a.seen, 0)
}

// rebase sets what is charged, and what is in doubt. What that adds to both is counted:
// it is below what was signed, and the next ceiling is above it. It reports whether that
// is anything: what was spent before says nothing of ceilings above it then.
func (a *Account) rebase(charged, doubt vouchers.Amount) bool {
	before, after := a.charged.Plus(a.doubt), charged.Plus(doubt)
	more := after.Minus(before)
	if more > 0 {
		a.offset = a.offset.Plus(more)
		if !a.unsure || !a.forgets { // else it is the first that is heard of the channel
			a.unproven = a.unproven.Plus(more)
		}
		if a.tally != nil {
			a.uncounted = errors.Join(a.uncounted, a.tally.Concede(more))
			a.raised = true
		}
	}
	if a.tally != nil {
		resolved := a.doubt.Minus(doubt)
		less := before.Minus(after)
		a.tally.Resolve(resolved.Minus(less), min(resolved, less))
		a.tally.ComeBack(less.Minus(resolved))
	}
	offset := min(a.offset.Minus(a.charged.Minus(charged)), charged)
	a.uncharged = a.uncharged.Plus(before.Minus(after).Minus(a.offset.Minus(offset)))
	a.offset = offset
	a.charged, a.doubt = charged, doubt
	return more > 0
}

// drain applies a correction that has waited for the calls in flight, after the last.
func (a *Account) drain() {
	if a.draining && a.flying == 0 {
		a.adopt(a.seen, a.doubt)
		a.draining = false
	}
}

// adopt takes charged as the truth, and doubt as what may come to it, under what was signed:
// else a count that was moved up would move the next ceiling up once more. Nothing is in
// flight: the strict form, charged and the price, is open to the next call.
func (a *Account) adopt(charged, doubt vouchers.Amount) {
	moved := a.rebase(charged, min(doubt, a.signed.Minus(charged)))
	a.seen, a.unsure = charged, false
	maps.DeleteFunc(a.spent, func(c vouchers.Amount, why spending) bool { return c <= charged || moved && why == doubtful })
}

// correct takes back the reservation that was refused, if there is one (0 is none), and
// takes over what the server proved with the payer's own signature: charged so much,
// under a voucher of that ceiling. With calls in flight, of which charged may include
// some, it is applied once the last of them has landed, and no call is signed before.
// It fails with [ErrDishonest] when more is charged than signed, or more than was signed
// before the refused call, and with [ErrOldBook] when the book does not know of such a
// voucher. Without a book the first proof is believed, and counted.
func (a *Account) correct(refused, charged, ceiling vouchers.Amount) error {
	a.lock()
	defer a.unlock()
	known, stale := a.knownBefore(refused), a.since(refused)
	moved := !a.crowded(refused) && refused > charged.Plus(a.inFlight[refused].price)
	a.land(refused)
	defer a.drain()
	switch {
	case charged > ceiling:
		return fmt.Errorf("%w: %s charged under a voucher of %s", ErrDishonest, charged, ceiling)
	case charged <= known:
	case a.forgets && (a.unsure || ceiling > a.signed):
	case ceiling <= a.signed:
		return fmt.Errorf("%w: it refuses a voucher of %s and says that %s is charged, no more than %s was signed before; if the book was lost or is an old copy, `chit recover` asks the server for proof",
			ErrDishonest, refused, charged, known)
	default:
		return fmt.Errorf("%w: the server shows a voucher of %s with %s charged, the book knows of %s; `chit recover` takes it over and counts it as spent",
			ErrOldBook, ceiling, charged, a.signed)
	}
	if beyond := ceiling.Minus(max(a.signed, charged)); beyond > 0 && a.tally != nil {
		a.uncounted = errors.Join(a.uncounted, a.tally.Restore(0, beyond))
	}
	a.signed, a.gone, a.vouched = max(a.signed, ceiling), max(a.gone, ceiling), max(a.vouched, ceiling)
	a.takeOver(max(charged, stale.seen), stale.doubt)
	if moved && a.turns == 0 { // it may take no ceiling but the strict form
		a.turns = 1
	}
	return nil
}

// retreat is correct for what the chain knows as claimed, which proves nothing beyond
// what was signed.
func (a *Account) retreat(refused, claimed vouchers.Amount) error {
	a.lock()
	defer a.unlock()
	known, stale := a.knownBefore(refused), a.since(refused)
	a.land(refused)
	defer a.drain()
	if claimed > known {
		return claimedTooMuch(claimed, known)
	}
	a.takeOver(max(claimed, stale.seen), stale.doubt)
	return nil
}

// claimedTooMuch is the error where the chain's node knows of more claims than of what
// was signed.
func claimedTooMuch(claimed, signed vouchers.Amount) error {
	return fmt.Errorf("%w: the chain's node says that %s is claimed, the book knows of %s signed: the node lies, or the book is an old copy, which `chit recover` mends",
		ErrOldBook, claimed, signed)
}

// Knows fails where more is claimed by the chain's node than was ever signed. Without a
// book there is nothing to hold that against.
func (a *Account) Knows(claimed vouchers.Amount) error {
	a.lock()
	defer a.look()
	if a.forgets || claimed <= a.signed {
		return nil
	}
	return claimedTooMuch(claimed, a.signed)
}

// knownBefore is the highest count that the server may have without the call that it
// refuses.
func (a *Account) knownBefore(refused vouchers.Amount) vouchers.Amount {
	if refused == 0 {
		return a.signed
	}
	f := a.inFlight[refused]
	if a.crowded(refused) { // other calls of its time are counted already, or may be
		return a.signed
	}
	others := a.flying.Minus(f.price).Plus(a.doubt)
	return max(max(f.before, a.seen).Plus(others), a.committed().Minus(f.price))
}

// crowded tells whether a call in flight has been so beside others.
func (a *Account) crowded(ceiling vouchers.Amount) bool {
	f, flying := a.inFlight[ceiling]
	return flying && (f.joined || a.signings > f.signing)
}

// outcomes is what may have come of other calls while one was on its way: what its refusal
// says may be older. It is zero where there was nothing.
type outcomes struct{ seen, doubt vouchers.Amount }

// since returns what a refusal of a call in flight may not know of.
func (a *Account) since(ceiling vouchers.Amount) (o outcomes) {
	if a.crowded(ceiling) {
		o.seen = a.seen
	}
	if a.inFlight[ceiling].losses != a.losses {
		o.doubt = a.doubt
	}
	return o
}

func (a *Account) takeOver(charged, doubt vouchers.Amount) {
	if a.flying == 0 && !a.draining {
		a.adopt(charged, doubt)
		if doubt == 0 {
			maps.DeleteFunc(a.spent, func(_ vouchers.Amount, why spending) bool { return why == doubtful })
		}
		return
	}
	a.drainTo(charged)
}

// drainTo takes a count over once the calls in flight have landed, with what they report.
func (a *Account) drainTo(charged vouchers.Amount) {
	a.seen = max(a.seen, charged)
	if !a.draining {
		a.opened, a.fresh = max(charged, a.charged), 0
	}
	a.opened = max(a.opened, charged)
	a.draining = true
}

// Proof is what a server's corrective answer proves: charged so much, under a voucher of
// that ceiling, which this payer has signed. Without one (nil) it is what the chain's node
// says is claimed.
type Proof struct {
	Charged vouchers.Amount
	Ceiling *vouchers.Amount
}

// Believe ends a refused reservation, if there is one (0 is none), and takes the proof over.
func (a *Account) Believe(p *Proof, refused vouchers.Amount) error {
	if p.Ceiling == nil {
		return a.retreat(refused, p.Charged)
	}
	return a.correct(refused, p.Charged, *p.Ceiling)
}
