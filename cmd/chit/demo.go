package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/demo"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:        "demo",
		Usage:       "the whole story on a local chain: deposit, paid calls, settlement, refund",
		Description: "Everything is real: anvil, the contracts, the store, HTTP. Nothing stays behind.",
		Flags:       []cli.Flag{command.JSONFlag},
		Action:      runDemo,
	}
}

func runDemo(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	if !c.Bool(command.JSONFlag.Name) {
		_, err := demo.Run(c.Context, func(format string, args ...any) { fmt.Fprintf(c.App.Writer, format+"\n", args...) })
		return err
	}
	report := command.Progress()
	result, err := demo.Run(c.Context, report.Step)
	report.Done()
	if err != nil {
		return err
	}
	return ui.JSON(c.App.Writer, result)
}
