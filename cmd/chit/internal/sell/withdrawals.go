package sell

import (
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
)

// Withdrawals is `chit withdrawals`.
func Withdrawals() *cli.Command {
	return &cli.Command{
		Name:   "withdrawals",
		Usage:  "list the payers that are taking money out without asking, the earliest deadline first",
		Flags:  []cli.Flag{command.JSONFlag, command.StoreFlag},
		Action: listing(operate.Place.Withdrawals, printWithdrawals),
	}
}

func printWithdrawals(w io.Writer, pending []books.Withdrawal) error {
	rows := make([][]string, len(pending))
	for i, p := range pending {
		rows[i] = []string{
			ui.Short(p.Channel.Hex()), ui.ShortAddress(p.Payer), p.Amount.Decimal(), p.Claimable.Decimal(), p.AtRisk.Decimal(), ui.Deadline(p.WithdrawAfter),
		}
	}
	return ui.Table(w, []string{"CHANNEL", "PAYER", "WITHDRAWS", "CLAIMABLE", "AT RISK", "DEADLINE"}, rows)
}
