package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers"
)

func withdrawCommand() *cli.Command {
	return &cli.Command{
		Name:  "withdraw",
		Usage: "take money out of channels without the server's consent",
		Description: "`start` announces it on chain and `finish` takes the money once the channel's delay has passed.\n" +
			"Both are transactions of the payer, who pays their gas.",
		Subcommands: []*cli.Command{
			{Name: "start", Usage: "announce the withdrawal of all that is unclaimed", Flags: []cli.Flag{jsonFlag}, Action: withdrawStart},
			{Name: "status", Usage: "show what was announced, and how long it takes yet", Flags: []cli.Flag{jsonFlag}, Action: withdrawStatus},
			{Name: "finish", Usage: "take what was announced and whose delay has passed", Flags: []cli.Flag{jsonFlag}, Action: withdrawFinish},
		},
	}
}

func withdrawStart(c *cli.Context) error { return withdrawStep(c, agent.StartWithdrawals, "announced") }

func withdrawFinish(c *cli.Context) error {
	return withdrawStep(c, agent.FinishWithdrawals, "withdrew")
}

type withdrawFunc = func(ctx context.Context, client *chain.Client, sender *chain.Sender, funds agent.Funds) ([]agent.Withdrawal, error)

func withdrawStep(c *cli.Context, step withdrawFunc, did string) error {
	return withFunds(c, func(c *cli.Context, p *profile.Profile, client *chain.Client, funds agent.Funds) error {
		return sendWithdrawals(c, p, client, funds, step, did)
	})
}

func sendWithdrawals(c *cli.Context, p *profile.Profile, client *chain.Client, funds agent.Funds, step withdrawFunc, did string) (err error) {
	key, err := p.PayerKey(passphrase(c))
	if err != nil {
		return err
	}
	sender, err := chain.NewSender(c.Context, client, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	report := progress()
	report.Step("waiting for the chain")
	all, err := step(c.Context, client, sender, funds)
	report.Done()
	if err != nil {
		return err
	}
	return print(c, all, func(w io.Writer) error {
		for _, done := range all {
			line := fmt.Sprintf("%s %s of channel %s, transaction %s", did, done.Amount, done.Channel, done.Tx)
			if !done.After.IsZero() {
				line += ", to be finished after " + done.After.Format(time.RFC3339)
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
			rows[i] = []string{ui.Short(a.Channel.Hex()), cmp.Or(a.Server, "unknown"), a.Amount.Decimal(), a.After.Format(time.RFC3339), left}
		}
		return ui.Table(w, []string{"CHANNEL", "SERVER", "AMOUNT", "AFTER", "CAN BE TAKEN"}, rows)
	})
}
