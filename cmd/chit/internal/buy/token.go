package buy

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

// held is what calls on a token are made with.
type held struct {
	server string
	limits agent.Limits
	budget *agent.TokenBudget // nil without a profile
}

// holding reads the profile of a token's holder. Where the command line names the server,
// none is needed.
func holding(c *cli.Context, server, token string) (h held, err error) {
	h.server = server
	p, err := command.Profile(c)
	if server != "" && errors.Is(err, profile.ErrNotFound) && c.String(command.ProfileFlag.Name) == "" {
		return h, nil
	}
	if err != nil {
		return h, fmt.Errorf("%w; or give the server's URL, without a profile", err)
	}
	if server == "" {
		h.server = p.Server
	}
	if h.server == "" {
		return h, fmt.Errorf("%w: no server: give its URL, or write it into the profile", command.ErrUsage)
	}
	if h.limits, err = p.PayerLimits(); err != nil {
		return h, err
	}
	h.budget, err = tokenBudget(c.Context, p, h.server, token)
	return h, err
}

// tokenBudget is the profile's budget for calls on a token, counted in its book.
func tokenBudget(ctx context.Context, p *profile.Profile, server, token string) (*agent.TokenBudget, error) {
	policy, err := p.PayerPolicy()
	if err != nil {
		return nil, err
	}
	if ui.CanAsk() {
		policy.Approve = func(ctx context.Context, p agent.Proposal) (bool, error) { return ui.Ask(ctx, p.Question()) }
	}
	book, err := p.File(profile.BookFile)
	if err != nil {
		return nil, err
	}
	return agent.OpenTokenBudget(ctx, server, token, policy, book)
}
