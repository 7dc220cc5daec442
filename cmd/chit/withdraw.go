package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

func withdrawCommand() *cli.Command {
	return &cli.Command{
		Name:  "withdraw",
		Usage: "take money out of channels without the server's consent",
		Description: "`start` announces it on chain and `finish` takes the money once the channel's delay has passed.\n" +
			"Both are transactions of the payer, who pays their gas.",
		Subcommands: []*cli.Command{
			{Name: "start", Usage: "announce the withdrawal of all that is unclaimed", Flags: append([]cli.Flag{anewFlag}, stepFlags...), Action: withdrawStart},
			{Name: "status", Usage: "show what was announced, and how long it takes yet", Flags: []cli.Flag{jsonFlag}, Action: withdrawStatus},
			{Name: "finish", Usage: "take what was announced and whose delay has passed", Flags: stepFlags, Action: withdrawFinish},
		},
	}
}

// leastTaken is what a channel must have to be worth a withdrawal where no coin price
// is known, in USDC.
const leastTaken = "0.01"

var (
	anewFlag  = &cli.BoolFlag{Name: "anew", Usage: "also where a withdrawal of less is pending: the delay starts again"}
	leastFlag = &cli.StringFlag{Name: "least", Usage: "leave channels with less USDC than this alone (default: " + leastTaken + ", or what the gas costs by the profile's coinPrice)"}
	stepFlags = []cli.Flag{leastFlag, yesFlag, jsonFlag}
)

// withdrawing is a step of withdrawing: what it applies to, and what it does.
type withdrawing struct {
	ask, did string
	choose   func(agent.Funds, time.Time) []agent.Withdrawable
	run      func(context.Context, *chain.Client, *chain.Sender, []agent.Withdrawable) ([]agent.Withdrawal, error)
}

func withdrawStart(c *cli.Context) error {
	return withdrawing{
		ask: "Announce these withdrawals?", did: "announced", run: agent.StartWithdrawals,
		choose: func(f agent.Funds, _ time.Time) []agent.Withdrawable { return f.ToAnnounce(c.Bool(anewFlag.Name)) },
	}.take(c)
}

func withdrawFinish(c *cli.Context) error {
	return withdrawing{ask: "Take this?", did: "withdrew", run: agent.FinishWithdrawals, choose: agent.Funds.ToFinish}.take(c)
}

func (s withdrawing) take(c *cli.Context) error {
	return withFunds(c, func(c *cli.Context, p *profile.Profile, client *chain.Client, funds agent.Funds) (err error) {
		key, err := p.PayerKey(passphrase(c))
		if err != nil {
			return err
		}
		sender, err := chain.NewSender(c.Context, client, key, chain.WithOwner("the payer's"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sender.Close()) }()
		worth, err := s.worth(c, p, client, sender, funds)
		if err != nil {
			return err
		}
		report := progress()
		report.Step("waiting for the chain")
		all, failed := s.run(c.Context, client, sender, worth)
		report.Done()
		return errors.Join(s.print(c, all), failed)
	})
}

// worth are the channels that the step applies to and that are worth their gas. They
// are listed, and where somebody can be asked, that one agrees.
func (s withdrawing) worth(c *cli.Context, p *profile.Profile, client *chain.Client, sender *chain.Sender, funds agent.Funds) ([]agent.Withdrawable, error) {
	head, err := client.Header(c.Context, nil)
	if err != nil {
		return nil, err
	}
	gas, err := withdrawalCost(c, p, sender)
	if err != nil {
		return nil, err
	}
	least, err := leastWithdrawal(c, gas)
	if err != nil {
		return nil, err
	}
	now := time.Unix(int64(head.Time), 0)
	worth, small := agent.WorthTaking(s.choose(funds, now), least)
	leftOut := ""
	if len(small) > 0 {
		leftOut = fmt.Sprintf("%d channels with less than %s are left out; --least 0 takes them too", len(small), least)
	}
	if len(worth) == 0 {
		if leftOut == "" {
			leftOut = "at " + now.UTC().Format(time.RFC3339) + ", the time on chain"
		}
		return nil, fmt.Errorf("%w: no channel has anything to take: %s", escrow.ErrNothingToWithdraw, leftOut)
	}
	if err := listWithdrawals(worth, gas, leftOut); err != nil {
		return nil, err
	}
	if c.Bool(yesFlag.Name) || !ui.CanAsk() {
		return worth, nil
	}
	return worth, confirm(c, s.ask)
}

func withdrawalCost(c *cli.Context, p *profile.Profile, sender *chain.Sender) (agent.GasCost, error) {
	price := vouchers.Amount(0)
	if p.CoinPrice != "" {
		var err error
		if price, err = vouchers.ParseAmount(string(p.CoinPrice)); err != nil {
			return agent.GasCost{}, fmt.Errorf("coinPrice: %w", err)
		}
	}
	return agent.WithdrawalCost(c.Context, sender, price)
}

// leastWithdrawal is what the command line says, else what the gas costs, else a
// small sum.
func leastWithdrawal(c *cli.Context, gas agent.GasCost) (vouchers.Amount, error) {
	switch text := c.String(leastFlag.Name); {
	case text != "":
		least, err := vouchers.ParseAmount(text)
		if err != nil {
			return 0, fmt.Errorf("--%s: %w", leastFlag.Name, err)
		}
		return least, nil
	case gas.USDC != nil:
		return *gas.USDC, nil
	}
	return vouchers.ParseAmount(leastTaken)
}

// listWithdrawals shows what is about to be taken, beside the command's own output.
func listWithdrawals(worth []agent.Withdrawable, gas agent.GasCost, leftOut string) error {
	rows := make([][]string, len(worth))
	for i, w := range worth {
		rows[i] = []string{ui.Short(w.Channel.Hex()), cmp.Or(w.Server, "unknown"), w.Amount.Decimal()}
	}
	if err := ui.Table(os.Stderr, []string{"CHANNEL", "SERVER", "AMOUNT"}, rows); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "to announce and to finish one costs about "+cost(gas.Wei, gas.USDC)+" of gas")
	if leftOut != "" {
		fmt.Fprintln(os.Stderr, leftOut)
	}
	return nil
}

func (s withdrawing) print(c *cli.Context, all []agent.Withdrawal) error {
	return print(c, all, func(w io.Writer) error {
		for _, done := range all {
			line := fmt.Sprintf("%s %s of channel %s, transaction %s", s.did, done.Amount, done.Channel, done.Tx)
			if !done.After.IsZero() {
				line += ", to be finished after " + done.After.UTC().Format(time.RFC3339)
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
	return print(c, all, func(w io.Writer) error {
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
