package account

import (
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

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
