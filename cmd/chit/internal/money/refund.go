package money

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers"
)

// Refund is `chit refund`.
func Refund() *cli.Command {
	return &cli.Command{
		Name:      "refund",
		Usage:     "get back what is left in the channel, with the server's consent, at once",
		ArgsUsage: "[AMOUNT]",
		Flags:     []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag},
		Action:    refund,
	}
}

func refund(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return err
	}
	var amount vouchers.Amount
	if c.NArg() == 1 {
		var err error
		if amount, err = vouchers.ParseAmount(c.Args().First()); err != nil {
			return err
		}
		if amount == 0 {
			return fmt.Errorf("%w: a refund of nothing", vouchers.ErrAmount)
		}
	}
	return command.WithPayer(c, command.Unchanged, func(client *agent.Client) error {
		report := command.Progress()
		report.Step("asking for a refund; waiting for the chain")
		moved, err := client.Refund(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return command.Print(c, moved, func(w io.Writer) error { return ui.Refund(w, moved) })
	})
}
