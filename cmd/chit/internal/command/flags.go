package command

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/internal/plain"
)

// Flags of chit itself, which may stand anywhere.
var (
	HomeFlag           = &cli.StringFlag{Name: "home", Usage: "chit's folder (default $CHIT_HOME, else ~/.chit)"}
	ProfileFlag        = &cli.StringFlag{Name: "profile", Usage: "the profile to use (default $CHIT_PROFILE, else the only one there is)"}
	PassphraseFileFlag = &cli.StringFlag{Name: "passphrase-file", Usage: "file with the passphrase of the key file (default $CHIT_PASSPHRASE, else a prompt)"}
)

// Flags of several commands.
var (
	JSONFlag     = &cli.BoolFlag{Name: "json", Usage: "print JSON"}
	TokenFlag    = &cli.StringFlag{Name: "token", Usage: "address of the ERC-3009 token (default: the profile's)"}
	ServerFlag   = &cli.StringFlag{Name: "server", Usage: "URL of the MCP endpoint (default: the profile's)"}
	YesFlag      = &cli.BoolFlag{Name: "yes", Usage: "do not ask"}
	LogLevelFlag = &cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug (with a line for each call), info, warn or error"}
	// StoreFlag names the store of a shop that is not the profile's.
	StoreFlag = &cli.StringFlag{Name: "store", Usage: "the seller's store, where a program of your own has it elsewhere (default: the profile's)"}
)

// ErrUsage says that the command line itself is wrong; the exit code is then 2.
var ErrUsage = errors.New("usage")

// NameOf is the whole name of a command, such as "chit receipts verify".
func NameOf(c *cli.Context) string {
	if c.Command == nil || c.Command.HelpName == "" {
		return "chit"
	}
	return c.Command.HelpName
}

// WantArgs checks how many positional arguments were given: from least to most.
func WantArgs(c *cli.Context, least, most int) error {
	n := c.NArg()
	if n >= least && n <= most {
		return nil
	}
	return fmt.Errorf("%w: %d arguments; want `%s`", ErrUsage, n, strings.TrimSpace(NameOf(c)+" "+c.Command.ArgsUsage))
}

// OneLine folds the lines of joined errors into one.
func OneLine(err error) string {
	return plain.Text(strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}
