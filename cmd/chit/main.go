// Command chit sells and buys MCP tool calls for USDC. `chit help` lists what it
// does; each command parses its arguments, calls one function and prints.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/internal/plain"
)

// version is set by the build.
var version = "dev"

// errUsage says that the command line itself is wrong; the exit code is then 2.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := explained(run(ctx, os.Args))
	stop()
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "chit: %s\n", oneLine(err))
	if errors.Is(err, errUsage) {
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
		Flags:                []cli.Flag{homeFlag, profileFlag, passphraseFileFlag},
		Commands: []*cli.Command{
			devCommand(), demoCommand(),
			serveCommand(), gatewayCommand(), channelsCommand(), settleCommand(), withdrawalsCommand(), reconcileCommand(), limitsCommand(), txCommand(), grantsCommand(), storeCommand(),
			walletCommand(), depositCommand(), topUpCommand(), balanceCommand(), budgetCommand(), toolsCommand(), callCommand(), proxyCommand(), payURLCommand(),
			refundCommand(), withdrawCommand(), recoverCommand(), shopCommand(), creditCommand(), receiptsCommand(),
			deployCommand(), verifyDeploymentCommand(), completionCommand(), versionCommand(),
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
	return fmt.Errorf("%w: %w; `%s --help` shows the flags", errUsage, err, nameOf(c))
}

func noCommand(c *cli.Context) error {
	if c.Args().Present() {
		return fmt.Errorf("%w: there is no command %q; `%s --help` lists them", errUsage, c.Args().First(), nameOf(c))
	}
	if nameOf(c) != "chit" {
		return cli.ShowSubcommandHelp(c)
	}
	return cli.ShowAppHelp(c)
}

// nameOf is the whole name of a command, such as "chit receipts verify".
func nameOf(c *cli.Context) string {
	if c.Command == nil || c.Command.HelpName == "" {
		return "chit"
	}
	return c.Command.HelpName
}

// wantArgs checks how many positional arguments were given: from least to most.
func wantArgs(c *cli.Context, least, most int) error {
	n := c.NArg()
	if n >= least && n <= most {
		return nil
	}
	return fmt.Errorf("%w: %d arguments; want `%s`", errUsage, n, strings.TrimSpace(nameOf(c)+" "+c.Command.ArgsUsage))
}

// oneLine folds the lines of joined errors into one.
func oneLine(err error) string {
	return plain.Text(strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Action: func(c *cli.Context) error {
			if err := wantArgs(c, 0, 0); err != nil {
				return err
			}
			_, err := fmt.Fprintln(c.App.Writer, version)
			return err
		},
	}
}
