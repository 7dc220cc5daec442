package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
)

// PayerOptions are those of a client that the profile's payer pays with.
func PayerOptions(c *cli.Context, p *profile.Profile) (agent.Options, error) {
	o, err := p.PayerOptions(c.Context, Passphrase(c))
	o.Name, o.Version = "chit", c.App.Version
	o.Disputed = func(d agent.Dispute) { fmt.Fprintf(os.Stderr, "disputed: %s\n", d) }
	return o, err
}

// WithPayer runs f with a client that is connected to the profile's server, with the
// profile's options after change.
func WithPayer(c *cli.Context, change func(*agent.Options) error, f func(*agent.Client) error) (err error) {
	p, err := Profile(c)
	if err != nil {
		return err
	}
	o, err := PayerOptions(c, p)
	if err != nil {
		return err
	}
	if err := change(&o); err != nil {
		return err
	}
	if p.Server == "" {
		return fmt.Errorf("%w: no server: give its URL with --server, or write it into the profile", ErrUsage)
	}
	client, err := agent.Dial(c.Context, p.Server, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return f(client)
}

// Unchanged takes the profile's options as they are.
func Unchanged(*agent.Options) error { return nil }
