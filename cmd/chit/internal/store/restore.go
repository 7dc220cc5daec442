package store

import (
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers/receipts"
)

func restoreCommand() *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "put a backup in the place of the store, and say what it does not know", ArgsUsage: "FILE",
		Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: restoreStore,
	}
}

func restoreStore(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	done, err := shop.RestoreStore(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	return command.Print(c, done, func(w io.Writer) error { return printRestored(w, shop.Store, done) })
}

func printRestored(w io.Writer, path string, r operate.Restored) error {
	fmt.Fprintf(w, "restored %s as it was at %s, %s ago: %d channels, %s charged and not claimed\n",
		path, r.Taken.Format(time.RFC3339), time.Since(r.Taken).Round(time.Second), r.Channels, r.Unclaimed)
	if r.Kept != "" {
		fmt.Fprintf(w, "what was there is kept at %s\n", r.Kept)
	}
	fmt.Fprintf(w, "receipts go on in epoch %d, so that none of their numbers is signed twice\n", r.Epoch)
	if r.Unread != "" {
		fmt.Fprintf(w, "what was there could not be read, so its epoch is not known: start the shop where its key is, whose note has it (%s)\n", r.Unread)
	}
	_, err := fmt.Fprintf(w, `
Not known is what came after that moment:
  calls that were answered: at most %s, which the channels held beyond all charges. Each payer says what it was charged with its next payment,
    by its newest receipt or its voucher; it is then in the books again, with a warning in the log and a line %q in the history
  channels that were opened, deposits, claims and refunds: the shop finds them on the chain when it starts, or a payer shows them
  tokens of credit: those granted since are not known, and must be granted again; those from before may spend again what they spent since,
    at most the %s that are set aside for them
  calls that were free since: they may be had once more

Next: start the shop. It claims what it knows; `+"`chit reconcile`"+` compares it with the chain, `+"`chit channels --json`"+` says which are in doubt.
`, r.Open, receipts.Evidence, r.Aside)
	return err
}
