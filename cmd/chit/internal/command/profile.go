package command

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/escrow"
)

// Home opens chit's folder.
func Home(c *cli.Context) (profile.Home, error) { return profile.OpenHome(c.String(HomeFlag.Name)) }

// Profile loads the profile and lays the command's own flags over it.
func Profile(c *cli.Context) (*profile.Profile, error) {
	home, err := Home(c)
	if err != nil {
		return nil, err
	}
	p, err := home.Load(c.String(ProfileFlag.Name))
	if err != nil {
		return nil, err
	}
	if token := c.String(TokenFlag.Name); token != "" {
		if _, err := profile.ParseAddress(token); err != nil {
			return nil, fmt.Errorf("--token: %w", err)
		}
		p.Token = token
	}
	if server := c.String(ServerFlag.Name); server != "" {
		p.Server = server
	}
	return p, nil
}

// Passphrase asks for those of key files.
func Passphrase(c *cli.Context) profile.Passphrase {
	return agent.PassphraseFrom(c.String(PassphraseFileFlag.Name))
}

// Dial connects to the profile's chain. The caller closes the client.
func Dial(ctx context.Context, p *profile.Profile) (*chain.Client, error) {
	return chain.Dial(ctx, p.RPC, chain.WithChainID(p.ChainID), chain.WithErrors(escrow.ABIs()...))
}

// WithChain runs f with the profile and a connection to its chain, for a command
// without positional arguments.
func WithChain(c *cli.Context, f func(*profile.Profile, *chain.Client) error) error {
	if err := WantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := Profile(c)
	if err != nil {
		return err
	}
	client, err := Dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	return f(p, client)
}

// Book opens the payer's book.
func Book(c *cli.Context, p *profile.Profile) (*book.Book, error) {
	path, err := p.File(profile.BookFile)
	if err != nil {
		return nil, err
	}
	return book.Open(c.Context, path)
}
