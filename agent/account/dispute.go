package account

import (
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Suspects tells, by what this process saw last, whether there is something to judge.
func (a *Account) Suspects(r *receipts.Signed) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.unproven > 0 || r != nil && (a.forgets && a.foreign == nil || a.unexplained(r) != a.disputed)
}

// Judge sets what is disputed, and returns by how much it has risen. A receipt says what
// was charged over the channel's life: no more than this payer ordered where the server's
// count is above that because of what it has put on chain. A charge without a receipt
// proves nothing, so that what the count was raised by is disputed until a receipt comes.
// Without a book what was charged before the first receipt is not this process's to judge;
// which of its own calls that are on their way are in there is not known.
func (a *Account) Judge(r *receipts.Signed) (amount, total vouchers.Amount) {
	a.lock()
	defer a.unlock()
	if r != nil && a.forgets && a.foreign == nil {
		before := r.Cumulative.Minus(r.Charged)
		a.foreign = &before
	}
	a.unproven = a.unproven.Minus(a.arrive(r))
	is := a.disputed.Plus(a.unproven)
	if r != nil {
		is = a.unexplained(r)
	}
	amount = is.Minus(a.disputed)
	a.disputed, a.unproven = is, 0
	return amount, a.disputed
}

// arrive counts as charged, of what calls do not explain, the prices of those whose
// payments have reached the server after it had said that they were not charged. It
// returns how much that is.
func (a *Account) arrive(r *receipts.Signed) vouchers.Amount {
	more := a.unproven
	if r != nil {
		more = r.Cumulative.Minus(a.explained().Plus(a.flying.Plus(a.doubt)))
	}
	late := min(more, a.uncharged, a.offset)
	if late == 0 {
		return 0
	}
	a.uncharged -= late
	a.offset -= late
	if a.tally != nil {
		a.tally.Arrive(late)
	}
	return late
}

// explained is what this payer's calls explain of what was charged.
func (a *Account) explained() vouchers.Amount {
	own := a.charged.Minus(a.offset)
	if a.foreign != nil {
		own = own.Plus(*a.foreign)
	}
	return own
}

// unexplained is what was charged by a receipt and is not for a call of this payer. It
// does not fall by a receipt that may not be the newest, nor while calls are in flight or
// in doubt, which may be in it.
func (a *Account) unexplained(r *receipts.Signed) vouchers.Amount {
	own, open := a.explained(), a.flying.Plus(a.doubt)
	more := r.Cumulative.Minus(own.Plus(open))
	if open > 0 || r.Cumulative < own {
		return max(more, a.disputed)
	}
	return more
}

// Learn counts as charged, of what is in doubt, what receipts say of the calls whose answers
// were lost, by their ceilings: no more than all receipts come to beyond the calls that are
// known to be charged. It gives nothing back, since a payment may still arrive: what was not
// charged is told by the answer to a later call.
func (a *Account) Learn(all []receipts.Signed, total vouchers.Amount) {
	a.lock()
	defer a.unlock()
	for i := range all {
		if a.spent[all[i].Ceiling] != doubtful || a.broken != nil {
			continue
		}
		charged := min(all[i].Charged, a.doubt, total.Minus(a.explained()))
		if charged == 0 {
			continue
		}
		a.charged, a.doubt = a.charged+charged, a.doubt-charged
		a.spent[all[i].Ceiling] = certain
		if a.tally != nil {
			a.tally.Resolve(charged, 0)
		}
	}
}
