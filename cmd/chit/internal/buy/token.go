package buy

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/holder"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
)

// held is what calls on a token are made with.
type held struct {
	server string
	limits agent.Limits
	budget *holder.Budget // nil without a profile
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
	h.budget, err = p.TokenBudget(c.Context, h.server, token, approving())
	return h, err
}
