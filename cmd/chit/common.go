package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
)

var (
	homeFlag           = &cli.StringFlag{Name: "home", Usage: "chit's folder (default $CHIT_HOME, else ~/.chit)"}
	profileFlag        = &cli.StringFlag{Name: "profile", Usage: "the profile to use (default $CHIT_PROFILE, else the only one there is)"}
	passphraseFileFlag = &cli.StringFlag{Name: "passphrase-file", Usage: "file with the passphrase of the key file (default $CHIT_PASSPHRASE, else a prompt)"}
	jsonFlag           = &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	tokenFlag          = &cli.StringFlag{Name: "token", Usage: "address of the ERC-3009 token (default: the profile's)"}
	serverFlag         = &cli.StringFlag{Name: "server", Usage: "URL of the MCP endpoint (default: the profile's)"}
)

func openHome(c *cli.Context) (profile.Home, error) { return profile.OpenHome(c.String(homeFlag.Name)) }

// openProfile loads the profile and lays the command's own flags over it.
func openProfile(c *cli.Context) (*profile.Profile, error) {
	home, err := openHome(c)
	if err != nil {
		return nil, err
	}
	p, err := home.Load(c.String(profileFlag.Name))
	if err != nil {
		return nil, err
	}
	if token := c.String(tokenFlag.Name); token != "" {
		if _, err := profile.ParseAddress(token); err != nil {
			return nil, fmt.Errorf("--token: %w", err)
		}
		p.Token = token
	}
	if server := c.String(serverFlag.Name); server != "" {
		p.Server = server
	}
	return p, nil
}

func passphrase(c *cli.Context) profile.Passphrase {
	return agent.PassphraseFrom(c.String(passphraseFileFlag.Name))
}

func dial(ctx context.Context, p *profile.Profile) (*chain.Client, error) {
	return chain.Dial(ctx, p.RPC, chain.WithChainID(p.ChainID), chain.WithErrors(escrow.ABIs()...))
}

// withChain runs f with the profile and a connection to its chain, for a command
// without positional arguments.
func withChain(c *cli.Context, f func(*profile.Profile, *chain.Client) error) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	client, err := dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	return f(p, client)
}

func dataFile(p *profile.Profile, name string) (string, error) {
	dir, err := p.Data()
	return filepath.Join(dir, name), err
}

func openBook(c *cli.Context, p *profile.Profile) (*agent.Book, error) {
	path, err := dataFile(p, profile.BookFile)
	if err != nil {
		return nil, err
	}
	return agent.OpenBook(c.Context, path)
}

func progress() *ui.Progress { return ui.NewProgress(os.Stderr) }

// print writes v as JSON if --json was given, and calls forPeople otherwise.
func print(c *cli.Context, v any, forPeople func(io.Writer) error) error {
	if c.Bool(jsonFlag.Name) {
		return ui.JSON(c.App.Writer, v)
	}
	return forPeople(c.App.Writer)
}

// inUTC is a time in a table.
func inUTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func shortAddress(a common.Address) string { return ui.Short(a.Hex()) }
