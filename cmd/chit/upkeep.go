package main

import (
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

func topUpCommand() *cli.Command {
	return &cli.Command{
		Name:        "topup",
		Usage:       "deposit what the profile's topUp says, if the channel needs it",
		Description: "Deposits topUp.amount if less than topUp.below is left in the channel to the server.",
		Flags:       []cli.Flag{serverFlag, tokenFlag, jsonFlag},
		Action:      topUp,
	}
}

// toppedUp is what --json prints.
type toppedUp struct {
	Needed bool `json:"needed"`
	agent.Moved
}

func topUp(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	return withPayer(c, unchanged, func(client *agent.Client) error {
		report := progress()
		report.Step("looking at the channel; a deposit waits for the chain")
		moved, needed, err := client.TopUp(c.Context)
		report.Done()
		if err != nil {
			return err
		}
		return print(c, toppedUp{needed, moved}, func(w io.Writer) error {
			did := "nothing to do"
			if needed {
				did = fmt.Sprintf("deposited %s, transaction %s", moved.Amount, moved.Tx)
			}
			_, err := fmt.Fprintf(w, "%s\nthe channel has %s left\n", did, moved.Left)
			return err
		})
	})
}

func budgetCommand() *cli.Command {
	return &cli.Command{
		Name:   "budget",
		Usage:  "show what the payer has spent, and what the profile's budget leaves",
		Flags:  []cli.Flag{serverFlag, jsonFlag},
		Action: budget,
	}
}

// leftover is what --json prints.
type leftover struct {
	Spent  agent.Spent       `json:"spent"`
	Limits []agent.LimitLeft `json:"limits"`
}

func budget(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	policy, err := p.PayerPolicy()
	if err != nil {
		return err
	}
	book, err := openBook(c, p)
	if err != nil {
		return err
	}
	var b leftover
	if b.Spent, b.Limits, err = agent.ReadBudget(book, policy, p.Server, time.Now()); err != nil {
		return err
	}
	return print(c, b, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "spent %s today, %s at %s, %s in all\n", b.Spent.Today, b.Spent.Server, p.Server, b.Spent.Total); err != nil {
			return err
		}
		if b.Spent.OnItsWay > 0 {
			if _, err := fmt.Fprintf(w, "of that %s is on its way: no answer came to its calls\n", b.Spent.OnItsWay); err != nil {
				return err
			}
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

// unchanged takes the profile's options as they are.
func unchanged(*agent.Options) error { return nil }
