package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/local"
)

func devCommand() *cli.Command {
	return &cli.Command{
		Name:  "dev",
		Usage: "run a local chain with USDC, escrow and funded accounts until Ctrl-C",
		Description: "Starts anvil, deploys the contracts, funds a payer and writes the profile \"dev\".\n" +
			"The chain is new each time, so what an earlier one left in the profile's data is removed.",
		Flags:  []cli.Flag{&cli.IntFlag{Name: "port", Value: 8545, Usage: "port of the chain's JSON-RPC on 127.0.0.1"}},
		Action: dev,
	}
}

func dev(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	return local.Run(c.Context, home, c.Int("port"), func(format string, args ...any) { fmt.Fprintf(c.App.Writer, format+"\n", args...) })
}
