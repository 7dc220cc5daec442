package money

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/settings"
	"github.com/chitpay/chit/vouchers"
)

// Withdraw is `chit withdraw`.
func Withdraw() *cli.Command {
	return &cli.Command{
		Name:  "withdraw",
		Usage: "take money out of channels without the server's consent",
		Description: "`start` announces it on chain and `finish` takes the money once the channel's delay has passed.\n" +
			"Both are transactions of the payer, who pays their gas. With a coinPrice in the profile, what a channel has is weighed\n" +
			"against that, and each transaction costs no more than --max-cost, whatever the chain's node says.",
		Subcommands: []*cli.Command{
			{Name: "start", Usage: "announce the withdrawal of all that is unclaimed", Flags: append([]cli.Flag{anewFlag}, stepFlags...), Action: withdrawStart},
			{Name: "status", Usage: "show what was announced, and how long it takes yet", Flags: []cli.Flag{command.JSONFlag}, Action: withdrawStatus},
			{Name: "finish", Usage: "take what was announced and whose delay has passed", Flags: stepFlags, Action: withdrawFinish},
		},
	}
}

var (
	anewFlag  = &cli.BoolFlag{Name: "anew", Usage: "also where a withdrawal of less is pending: the delay starts again"}
	leastFlag = &cli.StringFlag{Name: "least", Usage: "leave channels with less USDC than this alone (default: " + treasury.LeastTaken.Decimal() + " where the profile has no coinPrice)"}
	maxCost   = &cli.StringFlag{Name: "max-cost", Usage: "the most that each transaction may cost, in coins of the chain (default: " + ui.Coins(escrow.DefaultMaxCost) + ")"}
	stepFlags = []cli.Flag{
		leastFlag,
		&cli.BoolFlag{Name: "anyway", Usage: "withdraw also where the gas costs more than what is taken"},
		maxCost, command.YesFlag, command.JSONFlag,
	}
)

// withdrawing is a step of withdrawing, in words.
type withdrawing struct {
	finish   bool
	ask, did string
	what     string // that its gas pays for
}

func withdrawStart(c *cli.Context) error {
	return withdrawing{ask: "Announce these withdrawals?", did: "announced", what: "to announce and to finish one"}.take(c)
}

func withdrawFinish(c *cli.Context) error {
	return withdrawing{finish: true, ask: "Take this?", did: "withdrew", what: "to finish one"}.take(c)
}

func (s withdrawing) take(c *cli.Context) error {
	request, err := withdrawRequest(c)
	if err != nil {
		return err
	}
	request.Finish = s.finish
	return withFunds(c, func(p *profile.Profile, client *chain.Client, funds treasury.Funds) error {
		if request.CoinPrice, err = p.CoinPriceAmount(); err != nil {
			return err
		}
		key, err := p.PayerKey(command.Passphrase(c))
		if err != nil {
			return err
		}
		report := command.Progress()
		request.Agree = func(plan treasury.WithdrawPlan) error {
			if err := s.agree(c, plan, request.MaxCost); err != nil {
				return err
			}
			report.Step("waiting for the chain")
			return nil
		}
		all, failed := funds.Withdraw(c.Context, client, key, request)
		report.Done()
		if errors.Is(failed, txmgr.ErrCost) {
			failed = fmt.Errorf("%w; --%s sets another limit", failed, maxCost.Name)
		}
		if all == nil {
			return failed
		}
		return errors.Join(s.print(c, all), failed)
	})
}

// withdrawRequest is what the flags ask for.
func withdrawRequest(c *cli.Context) (r treasury.WithdrawRequest, err error) {
	r = treasury.WithdrawRequest{Anew: c.Bool(anewFlag.Name), Anyway: c.Bool("anyway"), MaxCost: escrow.DefaultMaxCost}
	if text := c.String(maxCost.Name); text != "" {
		if r.MaxCost, err = settings.ParseCoins(text); err != nil {
			return r, fmt.Errorf("%w: --%s: %w", command.ErrUsage, maxCost.Name, err)
		}
	}
	if text := c.String(leastFlag.Name); text != "" {
		least, err := vouchers.ParseAmount(text)
		if err != nil {
			return r, fmt.Errorf("%w: --%s: %w", command.ErrUsage, leastFlag.Name, err)
		}
		r.Least = &least
	}
	return r, nil
}

// agree lists what is about to be taken, beside the command's own output, and where somebody
// can be asked, asks.
func (s withdrawing) agree(c *cli.Context, plan treasury.WithdrawPlan, most *big.Int) error {
	leftOut := leftOut(plan)
	if len(plan.Take) == 0 {
		if leftOut == "" {
			leftOut = "at " + plan.Now.UTC().Format(time.RFC3339) + ", the time on chain"
		}
		return fmt.Errorf("%w: no channel has anything to take: %s", escrow.ErrNothingToWithdraw, leftOut)
	}
	rows := make([][]string, len(plan.Take))
	for i, w := range plan.Take {
		rows[i] = []string{ui.Short(w.Channel.Hex()), cmp.Or(w.Server, "unknown"), w.Amount.Decimal()}
	}
	if err := ui.Table(os.Stderr, []string{"CHANNEL", "SERVER", "AMOUNT"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s costs about %s of gas, and no transaction more than %s ETH\n", s.what, ui.Cost(plan.Gas.Wei, plan.Gas.USDC), ui.Coins(most))
	if plan.Gas.USDC == nil {
		fmt.Fprintln(os.Stderr, "without a coinPrice in the profile that is not weighed against what is taken")
	}
	if leftOut != "" {
		fmt.Fprintln(os.Stderr, leftOut)
	}
	if c.Bool(command.YesFlag.Name) || !ui.CanAsk() {
		return nil
	}
	return command.Confirm(c, s.ask)
}

// leftOut says for people which channels are left out, and why.
func leftOut(plan treasury.WithdrawPlan) string {
	var parts []string
	if len(plan.Small) > 0 {
		parts = append(parts, fmt.Sprintf("%d channels with less than %s are left out; --least 0 takes them too", len(plan.Small), plan.Least))
	}
	if len(plan.Dear) > 0 {
		parts = append(parts, fmt.Sprintf("%d channels with less than %s, which the gas costs, are left out; --anyway takes them too", len(plan.Dear), *plan.Gas.USDC))
	}
	return strings.Join(parts, "\n")
}

func (s withdrawing) print(c *cli.Context, all []treasury.Withdrawal) error {
	return command.Print(c, all, func(w io.Writer) error {
		for _, done := range all {
			line := fmt.Sprintf("%s %s of channel %s, transaction %s", s.did, done.Amount, done.Channel, done.Tx)
			if !done.After.IsZero() {
				line += ", to be finished after " + done.After.UTC().Format(time.RFC3339)
			}
			if done.Missed > 0 {
				line += fmt.Sprintf("; %s more were announced, claims or refunds took them before", done.Missed)
			}
			if _, err := fmt.Fprintln(w, line); err != nil {
				return err
			}
		}
		return nil
	})
}

func withdrawStatus(c *cli.Context) error {
	return withFunds(c, func(_ *profile.Profile, client *chain.Client, funds treasury.Funds) error {
		head, err := client.Header(c.Context, nil)
		if err != nil {
			return err
		}
		return printWithdrawals(c, funds.PendingWithdrawals(time.Unix(int64(head.Time), 0)))
	})
}

func printWithdrawals(c *cli.Context, all []treasury.PendingWithdrawal) error {
	return command.Print(c, all, func(w io.Writer) error {
		if len(all) == 0 {
			_, err := fmt.Fprintln(w, "no withdrawal was started")
			return err
		}
		rows := make([][]string, len(all))
		for i, a := range all {
			left := "now: `chit withdraw finish`"
			if a.Seconds > 0 {
				left = "in " + (time.Duration(a.Seconds) * time.Second).String()
			}
			rows[i] = []string{ui.Short(a.Channel.Hex()), cmp.Or(a.Server, "unknown"), a.Amount.Decimal(), a.After.UTC().Format(time.RFC3339), left}
		}
		return ui.Table(w, []string{"CHANNEL", "SERVER", "AMOUNT", "AFTER", "CAN BE TAKEN"}, rows)
	})
}
