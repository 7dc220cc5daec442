package pricing

import (
	"fmt"
	"strings"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
)

// Prices are by the name of a tool, a resource or a prompt, or a glob over names, which rank as in
// [server.Prices].
type Prices map[string]Price

// Price is what a call or a request costs. Amounts are atomic USDC.
type Price struct {
	// Most is the most that it costs; without Per, what it costs.
	Most vouchers.Amount
	// Base and Per make the price depend on an argument; Per is nil for a price that does not.
	Base vouchers.Amount
	Per  *Per
	// Metered says that the upstream tells what a call has really cost: in [offer.MetaCost]
	// or, of a route, [offer.HeaderCost].
	Metered bool
	// ChargeFailed and ChargeCancelled are as in [server.Rate].
	ChargeFailed, ChargeCancelled bool
	// Free is what each payer gets for nothing.
	Free server.Allowance
	// Accept are the ways to pay for it; empty are those of the gateway.
	Accept offer.Accept
}

// Rate is the price as a shop has it. Tools that have it of the same name share what is
// free.
func (p *Price) Rate(name string) server.Rate {
	r := server.Rate{
		Price: p.Most.Decimal(), Metered: p.Metered, ChargeFailed: p.ChargeFailed, ChargeCancelled: p.ChargeCancelled, Free: p.Free, Accept: p.Accept,
	}
	r.Free.Pool = name
	if p.Per != nil {
		r.Quote = p.quote
	}
	return r
}

// String says the price for people, such as "0.001 + 0.0001 per count, at most 0.05".
func (p Price) String() string {
	var parts []string
	switch {
	case p.Most == 0:
		return server.Free
	case p.Per == nil && p.Metered:
		parts = append(parts, "up to "+p.Most.Decimal())
	case p.Per == nil:
		parts = append(parts, p.Most.Decimal())
	default:
		sum := p.Per.String()
		if p.Base > 0 {
			sum = p.Base.Decimal() + " + " + sum
		}
		parts = append(parts, sum, "at most "+p.Most.Decimal())
	}
	if p.Metered {
		parts = append(parts, "metered")
	}
	if p.ChargeFailed {
		parts = append(parts, "failures too")
	}
	if p.ChargeCancelled {
		parts = append(parts, "cancelled calls too")
	}
	if p.Free.Calls > 0 {
		parts = append(parts, fmt.Sprintf("%d calls free", p.Free.Calls))
	}
	if p.Free.Amount > 0 {
		parts = append(parts, p.Free.Amount.Decimal()+" free")
	}
	if p.Free.Per > 0 {
		parts[len(parts)-1] += fmt.Sprintf(" every %s", p.Free.Per)
	}
	if len(p.Accept) > 0 {
		parts = append(parts, "by "+strings.Join(p.Accept, " or "))
	}
	return strings.Join(parts, ", ")
}

// Pattern finds the pattern that decides a name's price as [server.Prices] has it: by the exact name, or by
// the longest glob that matches, the first in order of those that are equally long.
func (p Prices) Pattern(name string) (pattern string, found bool) {
	if _, found = p[name]; found {
		return name, true
	}
	best := ""
	for pattern := range p {
		if !offer.Over(pattern, name) {
			continue
		}
		if !found || len(pattern) > len(best) || len(pattern) == len(best) && pattern < best {
			best, found = pattern, true
		}
	}
	return best, found
}
