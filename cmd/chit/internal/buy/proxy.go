package buy

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/mcpclients"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
)

// Proxy is `chit proxy`.
func Proxy() *cli.Command {
	return &cli.Command{
		Name:      "proxy",
		Usage:     "let any MCP client use a paid server: pay for it on the way, within the budget",
		ArgsUsage: "[URL]",
		Description: "An MCP client starts this and talks to it over standard input and output; the log goes to\n" +
			"standard error. Everything is passed on to the server at URL (default: the profile's), calls of\n" +
			"tools are paid, and the tool chit_balance shows what is left. The budget is the profile's.\n" +
			"The client cannot type a passphrase: give it in $CHIT_PASSPHRASE or with --passphrase-file.\n" +
			"With a credit token in $CHIT_CREDIT the calls are paid with it, and no wallet is needed.",
		Flags:  []cli.Flag{command.TokenFlag, command.LogLevelFlag},
		Action: proxy,
		Subcommands: []*cli.Command{{
			Name:      "install",
			Usage:     "write the proxy into the configuration of an MCP client",
			ArgsUsage: "[URL]",
			Description: "The clients are " + strings.Join(mcpclients.Names(), ", ") + ".\n" +
				"claude-code is written into .mcp.json of the current folder. What the file was before is kept beside it.",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "client", Usage: "the program to write it for"},
				&cli.StringFlag{Name: "name", Value: "chit", Usage: "what the client calls the server"},
				&cli.BoolFlag{Name: "print", Usage: "only show what would be written"},
				command.JSONFlag,
			},
			Action: proxyInstall,
		}},
	}
}

// proxyTarget is the profile, with the server that the command line names.
func proxyTarget(c *cli.Context) (*profile.Profile, error) {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return nil, err
	}
	p, err := command.Profile(c)
	if err != nil {
		return nil, err
	}
	if c.NArg() == 1 {
		p.Server = c.Args().First()
	}
	if p.Server == "" {
		return nil, fmt.Errorf("%w: no server: give its URL, or write it into the profile", command.ErrUsage)
	}
	return p, nil
}

func proxy(c *cli.Context) (err error) {
	signal.Ignore(syscall.SIGPIPE) // a client that goes away may close the log before the last line of it
	if token := os.Getenv(creditVariable); token != "" {
		return proxyOnCredit(c, token)
	}
	p, err := proxyTarget(c)
	if err != nil {
		return err
	}
	o, err := command.PayerOptions(c, p)
	if err != nil {
		return err
	}
	logger, err := command.Logger(c)
	if err != nil {
		return err
	}
	o.Disputed, o.Reopened = nil, nil // they are logged
	between, err := agent.OpenProxy(c.Context, p.Server, o, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, between.Close()) }()
	logger.Info("proxy is ready", "server", p.Server, "payer", between.Payer().Hex())
	return between.Serve(c.Context, os.Stdin, os.Stdout)
}

// proxyOnCredit pays with a token. A server that the command line names needs no profile.
func proxyOnCredit(c *cli.Context, token string) (err error) {
	url := c.Args().First()
	if err := command.WantArgs(c, 0, 1); err != nil {
		return err
	}
	h, err := holding(c, url, token)
	if err != nil {
		return err
	}
	logger, err := command.Logger(c)
	if err != nil {
		return errors.Join(err, h.budget.Close())
	}
	between, err := agent.OpenCreditProxy(h.server, token, h.limits, logger)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", creditVariable, err), h.budget.Close())
	}
	between.Within(h.budget)
	defer func() { err = errors.Join(err, between.Close()) }()
	logger.Info("proxy is ready", "server", h.server)
	return between.Serve(c.Context, os.Stdin, os.Stdout)
}

func proxyInstall(c *cli.Context) error {
	p, err := proxyTarget(c)
	if err != nil {
		return err
	}
	if c.String("client") == "" {
		return fmt.Errorf("%w: --client is missing: one of %s", command.ErrUsage, strings.Join(mcpclients.Names(), ", "))
	}
	client, err := mcpclients.Find(c.String("client"))
	if err != nil {
		return fmt.Errorf("%w: --client: %w", command.ErrUsage, err)
	}
	server, err := mcpclients.Proxy(c.String("name"), p, c.String(command.PassphraseFileFlag.Name))
	if err != nil {
		return err
	}
	if c.Bool("print") {
		snippet, err := client.Snippet(server)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(c.App.Writer, snippet)
		return err
	}
	done, err := client.Install(server)
	if err != nil {
		return err
	}
	return command.Print(c, done, func(w io.Writer) error {
		kept := ""
		if done.Backup != "" {
			kept = "\nwhat it was before is in " + done.Backup
		}
		_, err := fmt.Fprintf(w, "%q is in %s%s\nstart %s anew to use it\n", server.Name, done.File, kept, client.Name)
		return err
	})
}
