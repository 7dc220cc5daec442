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
	o.Reopened = func(r agent.Reopened) { fmt.Fprintf(os.Stderr, "note: %s\n", r) }
	return o, err
}

// Payer is the profile's server with the options to buy from it, after change.
func Payer(c *cli.Context, change func(*agent.Options) error) (server string, o agent.Options, err error) {
	p, err := Profile(c)
	if err != nil {
		return "", o, err
	}
	if o, err = PayerOptions(c, p); err != nil {
		return "", o, err
	}
	if err := change(&o); err != nil {
		return "", o, err
	}
	if p.Server == "" {
		return "", o, fmt.Errorf("%w: no server: give its URL with --server, or write it into the profile", ErrUsage)
	}
	return p.Server, o, nil
}

// WithPayer runs f with a client that is connected to the profile's server, with the
// profile's options after change.
func WithPayer(c *cli.Context, change func(*agent.Options) error, f func(*agent.Client) error) (err error) {
	server, o, err := Payer(c, change)
	if err != nil {
		return err
	}
	client, err := agent.Dial(c.Context, server, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return f(client)
}

// Unchanged takes the profile's options as they are.
func Unchanged(*agent.Options) error { return nil }
