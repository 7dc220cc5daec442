package money

import (
	"fmt"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers"
)

// Budget is `chit budget`.
func Budget() *cli.Command {
	return &cli.Command{
		Name:   "budget",
		Usage:  "show what the payer has spent, and what the profile's budget leaves",
		Flags:  []cli.Flag{command.ServerFlag, command.JSONFlag},
		Action: budget,
	}
}

// leftover is what --json prints.
type leftover struct {
	Spent  agent.Spent       `json:"spent"`
	Limits []agent.LimitLeft `json:"limits"`
	Doubts []doubt           `json:"doubts,omitempty"`
}

// doubt is a transfer of which it is not known whether it is made.
type doubt struct {
	Server string          `json:"server"`
	Tool   string          `json:"tool"`
	Amount vouchers.Amount `json:"amount"`
	PayTo  common.Address  `json:"payTo"`
	Signed time.Time       `json:"signed"`
	// Until is when it can be made no more.
	Until time.Time `json:"until"`
}

func doubtsOf(c *cli.Context, kept *book.Book) ([]doubt, error) {
	all, err := treasury.ReadDoubts(c.Context, kept)
	if err != nil {
		return nil, err
	}
	shown := make([]doubt, len(all))
	for i, d := range all {
		shown[i] = doubt{Server: d.Server, Tool: d.Tool, Amount: d.Transfer.Value, PayTo: d.Transfer.To, Signed: d.Signed, Until: d.Over()}
	}
	return shown, nil
}

// printDoubts says what is in doubt, and when that ends.
func printDoubts(w io.Writer, sum vouchers.Amount, doubts []doubt) error {
	if len(doubts) == 0 {
		return nil
	}
	if _, err := fmt.Fprintf(w, "of that %s is in doubt: transfers that were signed for calls and may have been made; the next command that pays asks the chain, once it is final\n", sum); err != nil {
		return err
	}
	rows := make([][]string, len(doubts))
	for i, d := range doubts {
		rows[i] = []string{d.Tool, d.Server, d.Amount.Decimal(), d.Until.Format(time.RFC3339)}
	}
	return ui.Table(w, []string{"IN DOUBT FOR", "AT", "AMOUNT", "CAN BE MADE UNTIL"}, rows)
}

func budget(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	policy, err := p.PayerPolicy()
	if err != nil {
		return err
	}
	kept, err := command.Book(c, p)
	if err != nil {
		return err
	}
	var b leftover
	if b.Spent, b.Limits, err = treasury.ReadBudget(kept, policy, p.Server, time.Now()); err != nil {
		return err
	}
	if b.Doubts, err = doubtsOf(c, kept); err != nil {
		return err
	}
	return command.Print(c, b, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "spent %s today, %s at %s, %s in all\n", b.Spent.Today, b.Spent.Server, p.Server, b.Spent.Total); err != nil {
			return err
		}
		if b.Spent.OnItsWay > 0 {
			if _, err := fmt.Fprintf(w, "of that %s is on its way: no answer came to its calls\n", b.Spent.OnItsWay); err != nil {
				return err
			}
		}
		if err := printDoubts(w, b.Spent.InDoubt, b.Doubts); err != nil {
			return err
		}
		if b.Spent.AtRisk > 0 {
			if _, err := fmt.Fprintf(w, "%s more are signed and not charged: servers could take them, and limits count them\n", b.Spent.AtRisk); err != nil {
				return err
			}
		}
		if b.Spent.Disputed > 0 {
			if _, err := fmt.Fprintf(w, "%s are disputed: servers have charged them and no call explains them; `chit balance` names the channels\n", b.Spent.Disputed); err != nil {
				return err
			}
		}
		if len(b.Limits) == 0 {
			return nil
		}
		rows := make([][]string, len(b.Limits))
		for i, limit := range b.Limits {
			rows[i] = []string{limit.Limit, limit.Most.Decimal(), limit.Remaining.Decimal()}
		}
		return ui.Table(w, []string{"BUDGET FOR", "AMOUNT", "LEFT"}, rows)
	})
}
