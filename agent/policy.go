package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/vouchers"
)

// Policy limits what a client pays by itself. Amounts are atomic units; 0 is no
// limit, and the zero policy limits nothing. What was spent is counted in the channel
// book, so that all processes with the same book share the limits; it counts from the
// first payment of that book on, under whatever policy it was made. A call without an
// answer counts in full. What a server can take beyond the calls that it answers, by
// keeping vouchers that it refused, is not counted: three prices of a call at most.
//
// Patterns are those of package glob: they stand for a whole name, * is any run of
// characters, ? is any one. A tool is known by its name, a plain HTTP resource by its URL.
type Policy struct {
	// MaxPrice is the most that one call may cost.
	MaxPrice vouchers.Amount
	// MaxDeposit is the most that one deposit may move.
	MaxDeposit vouchers.Amount
	// PerServer, PerDay and Total are the most that all calls together may cost: those
	// to one server, those of one day (UTC), and all that there ever are.
	PerServer, PerDay, Total vouchers.Amount
	// Tools are further limits of some tools. All that match a tool apply to it.
	Tools []ToolLimit
	// AllowServers and AllowTools are patterns of what may be paid; empty is all.
	// DenyServers and DenyTools are patterns of what may not, even where it is allowed.
	AllowServers, DenyServers, AllowTools, DenyTools []string
	// AskAbove is the price above which Approve decides; without it such calls are refused.
	AskAbove vouchers.Amount
	// Approve is asked before a payment above AskAbove, from the goroutine of the call.
	Approve func(context.Context, Proposal) (bool, error)
}

// ToolLimit limits the tools whose names match a pattern. Amounts are atomic units; 0
// is no limit.
type ToolLimit struct {
	// Pattern is that of the tools' names.
	Pattern string
	// MaxPrice is the most that one call may cost; PerDay and Total bound what the
	// calls of all these tools cost together in one day (UTC), and ever.
	MaxPrice, PerDay, Total vouchers.Amount
}

// Proposal is a payment that somebody has to approve.
type Proposal struct {
	// Server is the URL that is paid, Tool what is called there.
	Server, Tool string
	// Price is the most that it costs, in atomic units.
	Price vouchers.Amount
}

// Question asks a person for approval. What the server and the tool are called stands in
// quotes at its end, where it can say nothing else.
func (p Proposal) Question() string {
	return fmt.Sprintf("Pay up to %s for one call? It is a call of %q at %q.", p.Price, short(p.Tool), short(p.Server))
}

// allows checks what does not depend on what was spent before.
func (p *Policy) allows(ctx context.Context, call Proposal) error {
	refuse := PolicyError{Server: call.Server, Tool: call.Tool, Required: call.Price}
	switch {
	case !permitted(p.AllowServers, p.DenyServers, call.Server):
		refuse.Code = CodeServerNotAllowed
		return &refuse
	case !permitted(p.AllowTools, p.DenyTools, call.Tool):
		refuse.Code = CodeToolNotAllowed
		return &refuse
	}
	refuse.Code = CodePerCallExceeded
	if p.MaxPrice > 0 && call.Price > p.MaxPrice {
		refuse.Limit, refuse.Remaining = "one call", p.MaxPrice
		return &refuse
	}
	for _, limit := range p.Tools {
		if limit.MaxPrice > 0 && call.Price > limit.MaxPrice && matches(limit.Pattern, call.Tool) {
			refuse.Limit, refuse.Remaining = "one call of "+limit.Pattern, limit.MaxPrice
			return &refuse
		}
	}
	return p.approved(ctx, call)
}

func (p *Policy) approved(ctx context.Context, call Proposal) error {
	if p.AskAbove == 0 || call.Price <= p.AskAbove {
		return nil
	}
	refuse := &PolicyError{
		Code: CodeNotApproved, Limit: "what needs no approval", Server: call.Server, Tool: call.Tool,
		Required: call.Price, Remaining: p.AskAbove,
	}
	if p.Approve == nil {
		return refuse
	}
	yes, err := p.Approve(ctx, call)
	if err != nil {
		return err
	}
	if !yes {
		return refuse
	}
	return nil
}

func (p *Policy) allowsDeposit(server string, amount vouchers.Amount) error {
	refuse := PolicyError{Server: server, Required: amount, Remaining: p.MaxDeposit}
	switch {
	case !permitted(p.AllowServers, p.DenyServers, server):
		refuse.Code, refuse.Remaining = CodeServerNotAllowed, 0
	case p.MaxDeposit > 0 && amount > p.MaxDeposit:
		refuse.Code, refuse.Limit = CodeDepositExceeded, "one deposit"
	default:
		return nil
	}
	return &refuse
}

// counts says whether there is a limit that depends on what was spent before.
func (p *Policy) counts() bool {
	return p.PerServer > 0 || p.PerDay > 0 || p.Total > 0 ||
		slices.ContainsFunc(p.Tools, func(l ToolLimit) bool { return l.PerDay > 0 || l.Total > 0 })
}

func permitted(allow, deny []string, name string) bool {
	match := func(pattern string) bool { return matches(pattern, name) }
	return (len(allow) == 0 || slices.ContainsFunc(allow, match)) && !slices.ContainsFunc(deny, match)
}

func matches(pattern, name string) bool { return glob.Match(pattern, name) }
