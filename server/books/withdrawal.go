package books

import (
	"slices"

	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Withdrawal is a payer's pending withdrawal as the seller sees it. Amounts are
// atomic USDC.
type Withdrawal struct {
	View
	// Amount is what the payer takes out when the delay has passed.
	Amount vouchers.Amount `json:"amount"`
	// AtRisk is what was charged and would leave with it: it must be claimed before.
	AtRisk vouchers.Amount `json:"atRisk"`
}

// Withdrawals lists the channels from which money is being withdrawn, the earliest deadline
// first.
func Withdrawals(of *ledger.Ledger, aside *settle.Asides) []Withdrawal {
	pending := []Withdrawal{}
	for ch := range of.Channels() {
		if ch.Withdrawal.FinalizeAfter == 0 {
			continue
		}
		w := Withdrawal{View: viewOf(ch, aside), Amount: ch.Withdrawal.Amount}
		if settle.AtRisk(ch) {
			w.AtRisk = min(ch.Claimable(), ch.Charged+ch.Withdrawal.Amount-ch.Balance)
		}
		pending = append(pending, w)
	}
	slices.SortFunc(pending, func(a, b Withdrawal) int { return a.WithdrawAfter.Compare(*b.WithdrawAfter) })
	return pending
}
