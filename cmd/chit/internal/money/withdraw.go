package money

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
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

// leastTaken is what a channel must have to be worth a withdrawal where no coin price
// is known, in USDC.
const leastTaken = "0.01"

var (
	anewFlag  = &cli.BoolFlag{Name: "anew", Usage: "also where a withdrawal of less is pending: the delay starts again"}
	leastFlag = &cli.StringFlag{Name: "least", Usage: "leave channels with less USDC than this alone (default: " + leastTaken + " where the profile has no coinPrice)"}
	maxCost   = &cli.StringFlag{Name: "max-cost", Usage: "the most that each transaction may cost, in coins of the chain (default: " + ui.Coins(escrow.DefaultMaxCost) + ")"}
	stepFlags = []cli.Flag{
		leastFlag,
		&cli.BoolFlag{Name: "anyway", Usage: "withdraw also where the gas costs more than what is taken"},
		maxCost, command.YesFlag, command.JSONFlag,
	}
)

// withdrawing is a step of withdrawing: what it applies to, and what it does.
type withdrawing struct {
	ask, did string
	what     string // that its gas pays for
	costs    func(context.Context, *txmgr.Sender, vouchers.Amount) (agent.GasCost, error)
	choose   func(agent.Funds, time.Time) []agent.Withdrawable
	run      func(context.Context, *chain.Client, *txmgr.Sender, []agent.Withdrawable, ...escrow.SendOption) ([]agent.Withdrawal, error)
}

func withdrawStart(c *cli.Context) error {
	return withdrawing{
		ask: "Announce these withdrawals?", did: "announced", run: agent.StartWithdrawals,
		what: "to announce and to finish one", costs: agent.WithdrawalCost,
		choose: func(f agent.Funds, _ time.Time) []agent.Withdrawable { return f.ToAnnounce(c.Bool(anewFlag.Name)) },
	}.take(c)
}

func withdrawFinish(c *cli.Context) error {
	return withdrawing{
		ask: "Take this?", did: "withdrew", run: agent.FinishWithdrawals, choose: agent.Funds.ToFinish,
		what: "to finish one", costs: agent.FinishingCost,
	}.take(c)
}

func (s withdrawing) take(c *cli.Context) error {
	most, err := mostCost(c)
	if err != nil {
		return err
	}
	return withFunds(c, func(c *cli.Context, p *profile.Profile, client *chain.Client, funds agent.Funds) (err error) {
		key, err := p.PayerKey(command.Passphrase(c))
		if err != nil {
			return err
		}
		sender, err := txmgr.NewSender(c.Context, client, key, txmgr.WithOwner("the payer's"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sender.Close()) }()
		worth, err := s.worth(c, p, client, sender, funds, most)
		if err != nil {
			return err
		}
		report := command.Progress()
		report.Step("waiting for the chain")
		all, failed := s.run(c.Context, client, sender, worth, escrow.WithMaxCost(most))
		report.Done()
		if errors.Is(failed, txmgr.ErrCost) {
			failed = fmt.Errorf("%w; --%s sets another limit", failed, maxCost.Name)
		}
		return errors.Join(s.print(c, all), failed)
	})
}

// mostCost is the most that each transaction may cost, in wei.
func mostCost(c *cli.Context) (*big.Int, error) {
	text := c.String(maxCost.Name)
	if text == "" {
		return escrow.DefaultMaxCost, nil
	}
	most, err := profile.ParseCoins(text)
	if err != nil {
		return nil, fmt.Errorf("%w: --%s: %w", command.ErrUsage, maxCost.Name, err)
	}
	return most, nil
}

// worth are the channels that the step applies to and that are worth their gas. They
// are listed, and where somebody can be asked, that one agrees.
func (s withdrawing) worth(c *cli.Context, p *profile.Profile, client *chain.Client, sender *txmgr.Sender, funds agent.Funds, most *big.Int) ([]agent.Withdrawable, error) {
	head, err := client.Header(c.Context, nil)
	if err != nil {
		return nil, err
	}
	gas, err := s.cost(c, p, sender)
	if err != nil {
		return nil, err
	}
	least, err := leastWithdrawal(c, gas)
	if err != nil {
		return nil, err
	}
	now := time.Unix(int64(head.Time), 0)
	worth, leftOut := least.sort(s.choose(funds, now))
	if len(worth) == 0 {
		if leftOut == "" {
			leftOut = "at " + now.UTC().Format(time.RFC3339) + ", the time on chain"
		}
		return nil, fmt.Errorf("%w: no channel has anything to take: %s", escrow.ErrNothingToWithdraw, leftOut)
	}
	if err := s.list(worth, gas, most, leftOut); err != nil {
		return nil, err
	}
	if c.Bool(command.YesFlag.Name) || !ui.CanAsk() {
		return worth, nil
	}
	return worth, command.Confirm(c, s.ask)
}

func (s withdrawing) cost(c *cli.Context, p *profile.Profile, sender *txmgr.Sender) (agent.GasCost, error) {
	price := vouchers.Amount(0)
	if p.CoinPrice != "" {
		var err error
		if price, err = vouchers.ParseAmount(string(p.CoinPrice)); err != nil {
			return agent.GasCost{}, fmt.Errorf("coinPrice: %w", err)
		}
	}
	return s.costs(c.Context, sender, price)
}

// least is what a channel must have to be withdrawn from.
type least struct {
	said vouchers.Amount // by the user, or a small sum where no gas is weighed
	gas  vouchers.Amount // what the gas costs; 0 is not weighed
}

// leastWithdrawal takes from the command line and the gas what a channel must have.
func leastWithdrawal(c *cli.Context, gas agent.GasCost) (l least, err error) {
	text := c.String(leastFlag.Name)
	if !c.Bool("anyway") {
		if gas.USDC != nil {
			l.gas = *gas.USDC
		} else {
			text = cmp.Or(text, leastTaken)
		}
	}
	if text == "" {
		return l, nil
	}
	if l.said, err = vouchers.ParseAmount(text); err != nil {
		return l, fmt.Errorf("%w: --%s: %w", command.ErrUsage, leastFlag.Name, err)
	}
	return l, nil
}

// sort returns the channels that have enough, and for people what is left out and why.
func (l least) sort(all []agent.Withdrawable) (worth []agent.Withdrawable, leftOut string) {
	worth, small := agent.WorthTaking(all, l.said)
	worth, dear := agent.WorthTaking(worth, l.gas)
	var parts []string
	if len(small) > 0 {
		parts = append(parts, fmt.Sprintf("%d channels with less than %s are left out; --least 0 takes them too", len(small), l.said))
	}
	if len(dear) > 0 {
		parts = append(parts, fmt.Sprintf("%d channels with less than %s, which the gas costs, are left out; --anyway takes them too", len(dear), l.gas))
	}
	return worth, strings.Join(parts, "\n")
}

// list shows what is about to be taken, beside the command's own output.
func (s withdrawing) list(worth []agent.Withdrawable, gas agent.GasCost, most *big.Int, leftOut string) error {
	rows := make([][]string, len(worth))
	for i, w := range worth {
		rows[i] = []string{ui.Short(w.Channel.Hex()), cmp.Or(w.Server, "unknown"), w.Amount.Decimal()}
	}
	if err := ui.Table(os.Stderr, []string{"CHANNEL", "SERVER", "AMOUNT"}, rows); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s costs about %s of gas, and no transaction more than %s ETH\n", s.what, ui.Cost(gas.Wei, gas.USDC), ui.Coins(most))
	if gas.USDC == nil {
		fmt.Fprintln(os.Stderr, "without a coinPrice in the profile that is not weighed against what is taken")
	}
	if leftOut != "" {
		fmt.Fprintln(os.Stderr, leftOut)
	}
	return nil
}

func (s withdrawing) print(c *cli.Context, all []agent.Withdrawal) error {
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

// announced is a withdrawal that was started, as --json prints it.
type announced struct {
	Channel vouchers.ChannelID `json:"channel"`
	Server  string             `json:"server"`
	Amount  vouchers.Amount    `json:"amount"`
	After   time.Time          `json:"after"`
	// Seconds is how long the chain's clock has to go yet, 0 if it can be finished.
	Seconds int64 `json:"seconds"`
}

func withdrawStatus(c *cli.Context) error { return withFunds(c, printWithdrawals) }

func printWithdrawals(c *cli.Context, _ *profile.Profile, client *chain.Client, funds agent.Funds) error {
	head, err := client.Header(c.Context, nil)
	if err != nil {
		return err
	}
	now := time.Unix(int64(head.Time), 0)
	all := []announced{}
	for _, ch := range funds.Channels {
		if ch.WithdrawAfter != nil {
			wait := max(ch.WithdrawAfter.Sub(now), 0)
			all = append(all, announced{ch.Channel, ch.Server, ch.Withdrawing, *ch.WithdrawAfter, int64(wait / time.Second)})
		}
	}
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
