package sell

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
)

// Reconcile is `chit reconcile`.
func Reconcile() *cli.Command {
	return &cli.Command{
		Name:   "reconcile",
		Usage:  "compare every channel with the chain, explain what differs, and take over the chain's word",
		Flags:  []cli.Flag{command.JSONFlag, command.StoreFlag},
		Action: reconcile,
	}
}

func reconcile(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	found, err := shop.Reconcile(c.Context)
	if err != nil {
		return err
	}
	return command.Print(c, found, func(w io.Writer) error {
		for _, d := range found.Differences {
			fmt.Fprintf(w, "%s  %s: the ledger had %s, the chain has %s: %s\n", d.Channel, d.What, d.Ledger, d.Chain, d.Because)
			if d.Lost > 0 {
				fmt.Fprintf(w, "%s  lost: %s that payer %s was charged\n", d.Channel, d.Lost, d.Payer)
			}
		}
		for _, stop := range found.Stopped {
			fmt.Fprintln(w, stopLine(stop))
		}
		_, err := fmt.Fprintf(w, "%d channels compared, %d differences\n", found.Channels, len(found.Differences))
		return err
	})
}
