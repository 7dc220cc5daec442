package budget

import (
	"context"
	"slices"

	"github.com/chitpay/chit/vouchers"
)

// SettleTokens counts as spent what the live tokens of a server were given beyond what they
// have left.
func (r Rows) SettleTokens(server string, live vouchers.Amount) {
	l := newLeaf(r, server)
	with := l.of(func(key Row) bool { return key.Tool == grantTool })
	slices.Reverse(with)
	given := sumOf(r, func(key Row) bool { return slices.Contains(with, key) })
	pieces := l.some(given.Minus(live), with)
	l.take(pieces)
	for _, p := range pieces {
		row := Row{p.Day, p.Server, tokensSpent + grantTool}
		r[row] = r[row].Plus(p.amount)
	}
}

// OnTokens is what credit tokens have, by server.
func (r Rows) OnTokens() map[string]vouchers.Amount {
	by := make(map[string]vouchers.Amount)
	for key, amount := range r {
		if key.Tool == grantTool {
			by[key.Server] = by[key.Server].Plus(amount)
		}
	}
	return by
}

// OnTokens is what the credit tokens of the purse's server have, as far as it was asked (see
// [Rows.SettleTokens]), in atomic units. Errors are those of the table.
func (s *Purse) OnTokens() (sum vouchers.Amount, err error) {
	if err := s.Flush(); err != nil {
		return 0, err
	}
	err = s.table.UpdateSpending(context.Background(), 0, func(rows Rows) { sum = rows.OnTokens()[s.server] })
	return sum, err
}
