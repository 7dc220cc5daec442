package policy

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/vouchers"
)

// Policy limits what a client pays by itself. Amounts are atomic units; 0 is no limit of
// the policy's own, and [Unlimited] is none at all.
//
// Where neither MaxPrice, AskAbove nor a tool's MaxPrice says what a call may cost, it
// may cost what the same tool cost before, or else what the server announces, up to
// [DefaultMaxPrice]: above what is announced or was last paid a call is refused. Where
// nothing says either what all calls may cost together, they may cost [DefaultPerDay] in
// one day.
//
// What was spent is counted in the channel
// book, so that all processes with the same book share the limits; it counts from the
// first payment of that book on, under whatever policy it was made. A call without an
// answer counts in full until a later one says what became of it; one that got no
// connection counts nothing. What was signed and not charged counts too, since the server
// could take it; the next calls to that server are paid from it first. So
// nothing that a server says lets it take more than the limits.
//
// Patterns are those of package glob: they stand for a whole name, * is any run of
// characters, ? is any one. A tool is known by its name, a plain HTTP resource by its URL
// without the query. Of a URL, scheme, host and path are matched each for itself, so that
// "http://*.example.com/*" is of the hosts of example.com; without a path a pattern is of
// every path, and one of a server without a scheme is of its host. URLs are compared as
// [naming.Server] writes them.
type Policy struct {
	// MaxPrice is the most that one call may cost.
	MaxPrice vouchers.Amount
	// MaxDeposit is the most that one deposit may move. Where it is 0, one that the client
	// makes by itself may move [DefaultMaxDeposit].
	MaxDeposit vouchers.Amount
	// TopUpPerDay is the most that deposits which clients make by themselves move in one day
	// (UTC), in all channels of the book together; those that were signed and not submitted
	// count, those whose amount somebody has typed do not. 0 is the most of
	// [DefaultTopUpPerDay], MaxDeposit and PerDay.
	TopUpPerDay vouchers.Amount
	// MaxWithdrawDelay is how long the seller may keep the payer's money from being taken
	// out of a channel without its consent; 0 is [DefaultMaxWithdrawDelay].
	MaxWithdrawDelay time.Duration
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

	// usual holds a price against what is known of the server's, where nothing above does.
	usual func(context.Context, Proposal) error
	// standard says that PerDay is the default.
	standard bool
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
	// ByTransfer says that a transfer pays it and not a channel: it may have another price then.
	ByTransfer bool
}

// Question asks a person for approval. What the server and the tool are called stands in
// quotes at its end, where it can say nothing else.
func (p Proposal) Question() string {
	return fmt.Sprintf("Pay up to %s for one call? It is a call of %q at %q.", p.Price, naming.Short(p.Tool), naming.Short(p.Server))
}

// Permits checks whether a tool of a server may be paid at all. The error is an [*Error].
func (p *Policy) Permits(call Proposal) error {
	refuse := Error{Server: call.Server, Tool: call.Tool, Required: call.Price}
	switch {
	case !p.permits(call.Server):
		refuse.Code = CodeServerNotAllowed
	case !permitted(p.AllowTools, p.DenyTools, call.Tool):
		refuse.Code = CodeToolNotAllowed
	default:
		return nil
	}
	return &refuse
}

// Allows checks what does not depend on what was spent before.
func (p *Policy) Allows(ctx context.Context, call Proposal) error {
	if err := p.Permits(call); err != nil {
		return err
	}
	refuse := Error{Server: call.Server, Tool: call.Tool, Required: call.Price}
	if p.usual != nil && !p.setsPrice(call.Tool) {
		return p.usual(ctx, call)
	}
	refuse.Code = CodePerCallExceeded
	if p.MaxPrice > 0 && call.Price > p.MaxPrice {
		refuse.Limit, refuse.Remaining = "one call", p.MaxPrice
		return &refuse
	}
	for _, limit := range p.Tools {
		if limit.MaxPrice > 0 && call.Price > limit.MaxPrice && naming.Matches(limit.Pattern, call.Tool) {
			refuse.Limit, refuse.Remaining = "one call of "+limit.Pattern, limit.MaxPrice
			return &refuse
		}
	}
	return p.approved(ctx, call)
}

// setsPrice says whether the policy limits what one call of a tool may cost.
func (p *Policy) setsPrice(tool string) bool {
	return p.MaxPrice > 0 || p.AskAbove > 0 ||
		slices.ContainsFunc(p.Tools, func(l ToolLimit) bool { return l.MaxPrice > 0 && naming.Matches(l.Pattern, tool) })
}

// WithDefaults is the policy with the default for a day where it says nothing, and
// without limits that no payment meets. What one call may cost, where it does not say that,
// is for usual to say; nil says nothing.
func (p Policy) WithDefaults(usual func(context.Context, Proposal) error) *Policy {
	p.usual = usual
	tools := slices.ContainsFunc(p.Tools, func(l ToolLimit) bool { return l.MaxPrice > 0 })
	if !p.Counts() && !tools && p.MaxPrice == 0 && p.AskAbove == 0 {
		p.PerDay, p.standard = DefaultPerDay, true
	}
	return p.Bounded()
}

// Bounded is the policy without limits that no payment meets.
func (p Policy) Bounded() *Policy {
	for _, limit := range []*vouchers.Amount{&p.PerDay, &p.PerServer, &p.Total} {
		if *limit == Unlimited {
			*limit = 0
		}
	}
	return &p
}

// DayLimit names the limit of a day.
func (p *Policy) DayLimit() string {
	if p.standard {
		return "one day by default"
	}
	return "one day"
}

func (p *Policy) approved(ctx context.Context, call Proposal) error {
	if p.AskAbove == 0 || call.Price <= p.AskAbove {
		return nil
	}
	refuse := &Error{
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

// Counts says whether there is a limit that depends on what was spent before.
func (p *Policy) Counts() bool {
	return p.PerServer > 0 || p.PerDay > 0 || p.Total > 0 ||
		slices.ContainsFunc(p.Tools, func(l ToolLimit) bool { return l.PerDay > 0 || l.Total > 0 })
}

// LimitsCalls says whether the policy limits any call.
func (p *Policy) LimitsCalls() bool {
	return p.Counts() || p.MaxPrice > 0 || p.AskAbove > 0 ||
		len(p.Tools)+len(p.AllowServers)+len(p.DenyServers)+len(p.AllowTools)+len(p.DenyTools) > 0
}

func permitted(allow, deny []string, name string) bool {
	match := func(pattern string) bool { return naming.Matches(pattern, name) }
	return (len(allow) == 0 || slices.ContainsFunc(allow, match)) && !slices.ContainsFunc(deny, match)
}

// permits is permitted for this policy's servers. A pattern of what is denied is looked
// for in the whole URL too.
func (p *Policy) permits(server string) bool {
	match := func(pattern string) bool { return naming.MatchesServer(pattern, server) }
	return (len(p.AllowServers) == 0 || slices.ContainsFunc(p.AllowServers, match)) &&
		!slices.ContainsFunc(p.DenyServers, match) && !glob.MatchAny(p.DenyServers, server)
}
