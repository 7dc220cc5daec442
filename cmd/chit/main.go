// Command chit sells and buys MCP tool calls for USDC. `chit help` lists what it
// does; each command parses its arguments, calls one function and prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/buy"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/money"
	"github.com/chitpay/chit/cmd/chit/internal/sell"
	"github.com/chitpay/chit/cmd/chit/internal/store"
	"github.com/chitpay/chit/internal/plain"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command.Explained(run(ctx, os.Args))
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "chit: %s\n", command.OneLine(err))
	if errors.Is(err, command.ErrUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	app := newApp()
	if args[len(args)-1] == completionFlag {
		return app.RunContext(ctx, args)
	}
	return app.RunContext(ctx, flagsFirst(app, args))
}

func newApp() *cli.App {
	app := &cli.App{
		Name:                 "chit",
		Usage:                "sell and buy MCP tool calls for USDC, one signed voucher a call",
		Version:              version,
		HideVersion:          true,
		EnableBashCompletion: true,
		Writer:               plain.Writer(os.Stdout),
		Flags:                []cli.Flag{command.HomeFlag, command.ProfileFlag, command.PassphraseFileFlag},
		Commands: []*cli.Command{
			devCommand(), demoCommand(),
			sell.Serve(), sell.Gateway(), sell.Facilitator(), sell.Channels(money.Recover()), sell.Settle(), sell.Withdrawals(), sell.Reconcile(), sell.Limits(), sell.Tx(), sell.Grants(), sell.Debts(), store.Command(), sell.Registry(),
			money.Wallet(), money.Deposit(), money.TopUp(), money.Balance(), money.Budget(), buy.Tools(), buy.Call(), buy.Proxy(), buy.PayURL(),
			money.Refund(), money.Withdraw(), money.Recover(), money.Shop(), buy.Credit(), money.Receipts(),
			sell.Deploy(), sell.VerifyDeployment(), completionCommand(), versionCommand(),
		},
		Action:          noCommand,
		ExitErrHandler:  func(*cli.Context, error) {},
		OnUsageError:    usageError,
		HideHelpCommand: false,
	}
	for _, c := range app.Commands {
		setUsageErrors(c)
	}
	return app
}

func setUsageErrors(c *cli.Command) {
	c.OnUsageError = usageError
	c.HideHelpCommand = len(c.Subcommands) == 0 // it would take the place of an argument
	if len(c.Subcommands) > 0 && c.Action == nil {
		c.Action = noCommand
	}
	for _, sub := range c.Subcommands {
		setUsageErrors(sub)
	}
}

func usageError(c *cli.Context, err error, _ bool) error {
	return fmt.Errorf("%w: %w; `%s --help` shows the flags", command.ErrUsage, err, command.NameOf(c))
}

func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%w: there is no command %q; `%s --help` lists them", command.ErrUsage, c.Args().First(), command.NameOf(c))
	}
	if command.NameOf(c) != "chit" {
		return cli.ShowSubcommandHelp(c)
	}
	return cli.ShowAppHelp(c)
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			if err := command.WantArgs(c, 0, 0); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.App.Writer, version)
			return err
		},
	}
}
