package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"
)

var logLevelFlag = &cli.StringFlag{Name: "log-level", Value: "info", Usage: "debug (with a line for each call), info, warn or error"}

// newLogger is the log of a command that runs until it is stopped.
func newLogger(c *cli.Context) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.String(logLevelFlag.Name))); err != nil {
		return nil, fmt.Errorf("%w: --%s: %w", errUsage, logLevelFlag.Name, err)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), nil
}
