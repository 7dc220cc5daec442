package ledger

import (
	"cmp"
	"context"
	"slices"

	"github.com/chitpay/chit/vouchers"
)

// A voucher is a bearer instrument, and a claim publishes one. So what was, or may have
// been, put on chain pays for nothing any more: a channel's burnt ceiling is the highest
// that was ever in a transaction, and what is at or below it buys, refunds, replays and
// reads nothing. The payer signs above it.

// Burn notes, durably, that a voucher of this ceiling is about to be in a transaction,
// or was. A ceiling at or below the one that is burnt already changes nothing; that one is
// durable on return, whoever burnt it. Where the ceiling is above what the payer counts, the
// difference becomes its Offset, so that its next voucher is above it too.
// [ErrChannelNotFound] if the channel is not known.
func (l *Ledger) Burn(ctx context.Context, id vouchers.ChannelID, ceiling vouchers.Amount) error {
	return l.updateID(ctx, id, func(ch *channel) bool {
		if ceiling > ch.burnt {
			ch.burn(ceiling)
		}
		return ceiling > 0 // the last record of the channel may be on its way to the disk
	})
}

// burn is called with ch.mu held.
func (ch *channel) burn(ceiling vouchers.Amount) {
	ch.burnt = max(ch.burnt, ceiling)
	ch.level()
}

// count is what the payer's next voucher has to be signed over. Called with ch.mu held.
func (ch *channel) count() vouchers.Amount {
	if a := ch.busy; a != nil {
		return ch.charged + a.aside + a.drawn + a.offset
	}
	return ch.charged
}

// level raises the payer's count to what is burnt, as far as calls in flight will not:
// they may yet be charged for what they have signed. Called with ch.mu held.
func (ch *channel) level() {
	count := ch.count()
	if a := ch.busy; a != nil {
		count += a.reserved - a.drawn
	}
	if count < ch.burnt {
		ch.active().offset += ch.burnt - count
	}
}

// isBurnt is called with ch.mu held. A call on a credit token has no voucher.
func (r *Reservation) isBurnt() bool {
	return !r.drawn && r.voucher.Ceiling <= r.ch.burnt && r.ch.burnt > 0
}

// burnt refuses a voucher that is. Called with ch.mu held.
func (r *Reservation) burnt() *Refusal {
	rule := ErrCeilingBurnt
	if r.voucher.Ceiling <= r.ch.claimed {
		rule = ErrCeilingBelowClaimed
	}
	return r.ch.refuse(rule, "")
}

// judgeBurnt is the verdict on a voucher that is burnt: it buys nothing. A payer that has
// proved itself gets the answer that it has paid for with it. Called with ch.mu held.
func (r *Reservation) judgeBurnt() (*Refusal, *Reservation) {
	if !r.proven {
		return r.burnt(), nil
	}
	if holder := r.ch.busy.ceilings.holder(r.voucher.Ceiling); holder != nil && r.repeats(holder) {
		return r.burnt(), holder
	}
	if gone, known := r.replay(); known {
		return gone, nil
	}
	return r.burnt(), nil
}

func (ch *channel) hasBurnt(ceiling vouchers.Amount) bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ceiling <= ch.burnt && ch.burnt > 0
}

// rungs are vouchers below a channel's newest, ascending. A claim publishes one that is
// within what the payer counts, and keeps the newest back: it proves the payer's key.
type rungs []rung

type rung struct {
	ceiling vouchers.Amount
	proof   vouchers.Proof
}

// mostRungs is how many vouchers a channel keeps beside its newest. What calls in flight
// leave of them decides how much of the charges a claim can take before the next voucher.
const mostRungs = 4

// climb keeps the newest voucher as one below the next. Called with ch.mu held.
func (ch *channel) climb() {
	if ch.proofForm == noProof {
		return
	}
	a := ch.active()
	a.rungs = a.rungs.above(ch.quietUpTo())
	if len(a.rungs) == mostRungs {
		a.rungs = a.rungs.thinned()
	}
	a.rungs = append(a.rungs, rung{ch.ceiling, ch.getProof()})
}

// keep keeps a voucher that was accepted below the newest, if it is of more use than those
// that are kept: a payer who signs high and then low can be claimed from as well. Called
// with ch.mu held.
func (ch *channel) keep(ceiling vouchers.Amount, sig vouchers.Signature) {
	a := ch.busy
	most := ch.quietUpTo()
	if ceiling <= a.rungs.within(most).ceiling {
		return
	}
	a.rungs = a.rungs.above(most)
	if len(a.rungs) == mostRungs {
		a.rungs = a.rungs.thinned()
	}
	at, found := slices.BinarySearchFunc(a.rungs, ceiling, func(r rung, want vouchers.Amount) int { return cmp.Compare(r.ceiling, want) })
	if !found {
		a.rungs = slices.Insert(a.rungs, at, rung{ceiling, vouchers.NewProof(slices.Clone(sig))})
	}
}

// quiet returns the voucher that a claim publishes from a channel in use: the highest one
// that gives nothing away and is not needed to give an answer in flight again; or the
// newest, if that is on chain already. The zero rung if there is none. Called with ch.mu
// held.
func (ch *channel) quiet() rung {
	if ch.burnt > 0 && ch.ceiling <= ch.burnt {
		return rung{ch.ceiling, ch.getProof()}
	}
	if ch.busy == nil {
		return rung{}
	}
	return ch.busy.rungs.within(ch.quietUpTo())
}

// quietUpTo is the highest ceiling that may be published of a channel in use. Called with
// ch.mu held.
func (ch *channel) quietUpTo() vouchers.Amount {
	most := ch.count()
	if lowest, some := ch.busy.ceilings.lowestInFlight(); some {
		most = min(most, lowest.Minus(1))
	}
	return most
}

// within returns the highest rung at or below a count, the zero rung if there is none.
func (s rungs) within(count vouchers.Amount) (best rung) {
	for _, r := range s {
		if r.ceiling > count {
			break
		}
		best = r
	}
	return best
}

// above drops the rungs below the highest that is within the count.
func (s rungs) above(count vouchers.Amount) rungs {
	n := 0
	for n+1 < len(s) && s[n+1].ceiling <= count {
		n++
	}
	return append(s[:0], s[n:]...)
}

// thinned drops the rung, not the first, that leaves the smallest gap.
func (s rungs) thinned() rungs {
	drop, least := len(s)-1, s[len(s)-1].ceiling-s[len(s)-2].ceiling
	for i := 1; i+1 < len(s); i++ {
		if gap := s[i+1].ceiling - s[i-1].ceiling; gap < least {
			drop, least = i, gap
		}
	}
	return append(s[:drop], s[drop+1:]...)
}
