package money

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/command"
)

// TopUp is `chit topup`.
func TopUp() *cli.Command {
	return &cli.Command{
		Name:        "topup",
		Usage:       "deposit what the profile's topUp says, if the channel needs it",
		Description: "Deposits topUp.amount if less than topUp.below is left in the channel to the server.",
		Flags:       []cli.Flag{command.ServerFlag, command.TokenFlag, command.JSONFlag},
		Action:      topUp,
	}
}

// toppedUp is what --json prints.
type toppedUp struct {
	Needed bool `json:"needed"`
	agent.Moved
}

func topUp(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	return command.WithPayer(c, command.Unchanged, func(client *agent.Client) error {
		report := command.Progress()
		report.Step("looking at the channel; a deposit waits for the chain")
		moved, needed, err := client.TopUp(c.Context)
		report.Done()
		if err != nil {
			return err
		}
		return command.Print(c, toppedUp{needed, moved}, func(w io.Writer) error {
			did := "nothing to do"
			if needed {
				did = fmt.Sprintf("deposited %s, transaction %s", moved.Amount, moved.Tx)
			}
			_, err := fmt.Fprintf(w, "%s\nthe channel has %s left\n", did, moved.Left)
			return err
		})
	})
}
