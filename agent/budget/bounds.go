package budget

import (
	"slices"

	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// bound is a limit on the sum of some rows.
type bound struct {
	name   string
	most   vouchers.Amount
	daily  bool
	counts func(Row) bool
}

// bounds are the policy's limits on what is spent on a day, for a tool. An empty tool
// stands for all of them.
func (s *Purse) bounds(day, tool string) []bound {
	p := s.policy
	today := func(k Row) bool { return k.Day >= day } // also what a clock that is ahead has dated
	all := []bound{
		{p.DayLimit(), p.PerDay, true, today},
		{"this server", p.PerServer, false, func(k Row) bool { return k.Server == s.server }},
		{"all calls", p.Total, false, func(Row) bool { return true }},
	}
	for _, limit := range p.Tools {
		if tool != "" && !naming.Matches(limit.Pattern, tool) {
			continue
		}
		match := func(k Row) bool { return !k.isPool() && naming.Matches(limit.Pattern, k.name()) }
		all = append(all,
			bound{"one day of " + limit.Pattern, limit.PerDay, true, func(k Row) bool { return today(k) && match(k) }},
			bound{"all calls of " + limit.Pattern, limit.Total, false, match})
	}
	return slices.DeleteFunc(all, func(b bound) bool { return b.most == 0 })
}

// check holds an order against every limit that depends on what was spent.
func (s *Purse) check(l *leaf, c Change) error {
	if c.Kind != holds && c.Kind != exceeds && c.Kind != fits {
		return nil
	}
	var taken []piece
	if c.Kind == holds {
		taken = l.from(c)
	}
	for _, b := range s.bounds(c.Day, c.Tool) {
		counted := sumOf(l.rows, b.counts)
		for _, piece := range taken {
			if b.counts(piece.Row) {
				counted -= piece.amount
			}
		}
		if counted.Plus(c.Amount) <= b.most {
			continue
		}
		refuse := &policy.Error{Code: policy.CodeBudgetExhausted, Limit: b.name, Server: s.server, Tool: c.Tool, Required: c.Amount, Remaining: b.most.Minus(counted)}
		if b.daily {
			refuse.RetryAt = policy.NextDay(s.now())
		}
		return refuse
	}
	return nil
}

func sumOf(rows Rows, counts func(Row) bool) (total vouchers.Amount) {
	for key, amount := range rows {
		if counts(key) {
			total = total.Plus(amount)
		}
	}
	return total
}
