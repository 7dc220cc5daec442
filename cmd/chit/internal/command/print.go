package command

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

// Print writes v as JSON if --json was given, and calls forPeople otherwise.
func Print(c *cli.Context, v any, forPeople func(io.Writer) error) error {
	if c.Bool(JSONFlag.Name) {
		return ui.JSON(c.App.Writer, v)
	}
	return forPeople(c.App.Writer)
}

// Progress tells what long work is doing, beside what the command prints.
func Progress() *ui.Progress { return ui.NewProgress(os.Stderr) }

// Logger is the log of a command that runs until it is stopped.
func Logger(c *cli.Context) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String(LogLevelFlag.Name))); err != nil {
		return nil, fmt.Errorf("%w: --%s: %w", ErrUsage, LogLevelFlag.Name, err)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), nil
}

var errNotConfirmed = errors.New("nothing was changed")

// Confirm asks for a yes, unless --yes was given.
func Confirm(c *cli.Context, question string) error {
	if c.Bool(YesFlag.Name) {
		return nil
	}
	if !ui.CanAsk() {
		return fmt.Errorf("%w: nobody can be asked here; give --yes to go ahead", ErrUsage)
	}
	agreed, err := ui.Ask(c.Context, question)
	if err == nil && !agreed {
		err = errNotConfirmed
	}
	return err
}
