package sell

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/operate"
)

// Reconcile is `chit reconcile`.
func Reconcile() *cli.Command {
	return &cli.Command{
		Name:   "reconcile",
		Usage:  "compare every channel with the chain, explain what differs, and take over the chain's word",
		Flags:  []cli.Flag{command.JSONFlag, command.StoreFlag},
		Action: listing(operate.Place.Reconcile, printFound),
	}
}

func printFound(w io.Writer, found watch.Reconciliation) error {
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
}
