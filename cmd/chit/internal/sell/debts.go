package sell

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/operate"
)

// Debts is `chit debts`.
func Debts() *cli.Command {
	return &cli.Command{
		Name:  "debts",
		Usage: "look after what payers owe who were trusted with a transfer that has failed",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list them, the highest first", Action: listing(operate.Place.Debts, printDebts),
				Flags: []cli.Flag{command.JSONFlag, command.StoreFlag},
			},
			{
				Name: "forgive", Usage: "let a payer pay by transfers again", ArgsUsage: "PAYER", Action: debtsForgive,
				Flags:       []cli.Flag{command.JSONFlag, command.StoreFlag, command.YesFlag},
				Description: "What it owes counts against `exact.trust.total` no longer. If it has paid in another way, that is for you to know.",
			},
		},
	}
}

func printDebts(w io.Writer, debts []exact.Debt) error {
	rows := make([][]string, len(debts))
	for i, d := range debts {
		rows[i] = []string{d.Payer.Hex(), d.Amount.Decimal()}
	}
	return ui.Table(w, []string{"PAYER", "OWES"}, rows)
}

func debtsForgive(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	payer, err := profile.ParseAddress(c.Args().First())
	if err != nil {
		return fmt.Errorf("%w: %w; `chit debts list` shows them", command.ErrUsage, err)
	}
	if err := command.Confirm(c, fmt.Sprintf("What %s owes is lost, and it is trusted again. Forgive it?", payer)); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	forgiven, err := shop.Forgive(c.Context, payer)
	if err != nil {
		return fmt.Errorf("%w; `chit debts list` shows what there is", err)
	}
	return command.Print(c, forgiven, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is forgiven %s\n", forgiven.Payer, forgiven.Amount)
		return err
	})
}
