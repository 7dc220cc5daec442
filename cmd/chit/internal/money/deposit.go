package money

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/vouchers"
)

// Deposit is `chit deposit`.
func Deposit() *cli.Command {
	return &cli.Command{
		Name:        "deposit",
		Usage:       "put money into the channel to the server",
		ArgsUsage:   "AMOUNT",
		Description: "You sign, the server submits and pays the gas. AMOUNT is in USDC: 20, 0.5, 1.5 USDC.",
		Flags:       []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag},
		Action:      deposit,
	}
}

func deposit(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	amount, err := vouchers.ParseAmount(c.Args().First())
	if err != nil {
		return err
	}
	if amount == 0 {
		return fmt.Errorf("%w: a deposit of nothing", vouchers.ErrAmount)
	}
	return command.WithPayer(c, byHand, func(client *agent.Client) error {
		report := command.Progress()
		report.Step("depositing %s; waiting for the chain", amount)
		moved, err := client.Deposit(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return command.Print(c, moved, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "deposited %s into channel %s\nthe channel has %s left\ntransaction %s\n", moved.Amount, moved.Channel, moved.Left, moved.Tx)
			return err
		})
	})
}

// byHand lifts the limit of a deposit, whose amount this very command names.
func byHand(o *agent.Options) error {
	o.Policy.MaxDeposit = 0
	return nil
}
