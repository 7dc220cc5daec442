package main

import (
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
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// dialServer opens the payer's key and connects to the profile's server.
func dialServer(c *cli.Context, p *profile.Profile, policy agent.Policy) (*agent.Client, error) {
	key, err := p.PayerKey(passphrase(c))
	if err != nil {
		return nil, err
	}
	book, err := dataFile(p, profile.BookFile)
	if err != nil {
		return nil, err
	}
	if p.Server == "" {
		return nil, fmt.Errorf("%w: no server: give its URL with --server, or write it into the profile", errUsage)
	}
	return agent.Dial(c.Context, p.Server, agent.Options{
		Key: key, RPC: p.RPC, ChainID: p.ChainID, Token: p.TokenAddress(), Policy: policy, Pinned: pinned(p), Book: book, Name: "chit", Version: version,
	})
}

// pinned is the profile's escrow, which its owner trusts by having written it there.
func pinned(p *profile.Profile) []escrow.Addresses {
	address := p.EscrowAddress()
	if address == escrow.Own.Escrow || address == escrow.Canonical.Escrow {
		return nil
	}
	return []escrow.Addresses{{Escrow: address, Collectors: escrow.Collectors{EIP3009: p.CollectorAddress()}}}
}

func depositCommand() *cli.Command {
	return &cli.Command{
		Name:        "deposit",
		Usage:       "put money into the channel to the server",
		ArgsUsage:   "AMOUNT",
		Description: "You sign, the server submits and pays the gas. AMOUNT is in USDC: 20, 0.5, 1.5 USDC.",
		Flags:       []cli.Flag{serverFlag, tokenFlag, jsonFlag},
		Action:      deposit,
	}
}

func deposit(c *cli.Context) error {
	if err := wantArgs(c, 1, 1); err != nil {
		return err
	}
	amount, err := vouchers.ParseAmount(c.Args().First())
	if err != nil {
		return err
	}
	if amount == 0 {
		return fmt.Errorf("%w: a deposit of nothing", vouchers.ErrAmount)
	}
	return withServer(c, agent.Policy{}, func(client *agent.Client) error {
		report := progress()
		report.Step("depositing %s; waiting for the chain", amount)
		moved, err := client.Deposit(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return print(c, moved, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "deposited %s into channel %s\nthe channel holds %s\ntransaction %s\n", moved.Amount, moved.Channel, moved.Balance, moved.Tx)
			return err
		})
	})
}

func refundCommand() *cli.Command {
	return &cli.Command{
		Name:      "refund",
		Usage:     "get back what is left in the channel, with the server's consent, at once",
		ArgsUsage: "[AMOUNT]",
		Flags:     []cli.Flag{serverFlag, tokenFlag, jsonFlag},
		Action:    refund,
	}
}

func refund(c *cli.Context) error {
	if err := wantArgs(c, 0, 1); err != nil {
		return err
	}
	var amount vouchers.Amount
	if c.NArg() == 1 {
		var err error
		if amount, err = vouchers.ParseAmount(c.Args().First()); err != nil {
			return err
		}
		if amount == 0 {
			return fmt.Errorf("%w: a refund of nothing", vouchers.ErrAmount)
		}
	}
	return withServer(c, agent.Policy{}, func(client *agent.Client) error {
		report := progress()
		report.Step("asking for a refund; waiting for the chain")
		moved, err := client.Refund(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return print(c, moved, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "refunded %s of channel %s\nthe channel holds %s\ntransaction %s\n", moved.Amount, moved.Channel, moved.Balance, moved.Tx)
			return err
		})
	})
}

// withServer runs f with a client that is connected to the profile's server.
func withServer(c *cli.Context, policy agent.Policy, f func(*agent.Client) error) (err error) {
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	client, err := dialServer(c, p, policy)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return f(client)
}

func balanceCommand() *cli.Command {
	return &cli.Command{
		Name:   "balance",
		Usage:  "show the payer's money: in the wallet and in channels",
		Flags:  []cli.Flag{tokenFlag, jsonFlag},
		Action: balance,
	}
}

func balance(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	client, err := dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	funds, err := readFunds(c, p, client)
	if err != nil {
		return err
	}
	return print(c, funds, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "wallet %s  %s\n", funds.Payer, funds.Wallet); err != nil || len(funds.Channels) == 0 {
			return err
		}
		rows := make([][]string, len(funds.Channels))
		for i, ch := range funds.Channels {
			rows[i] = []string{ui.Short(ch.Channel.Hex()), ch.Server, ch.Balance.Decimal(), ch.Charged.Decimal(), ch.Available.Decimal(), withdrawal(ch.WithdrawAfter)}
		}
		return ui.Table(w, []string{"CHANNEL", "SERVER", "DEPOSITED", "SPENT", "AVAILABLE", "WITHDRAWAL"}, rows)
	})
}

func readFunds(c *cli.Context, p *profile.Profile, client *chain.Client) (agent.Funds, error) {
	payer, err := p.PayerAddress()
	if err != nil {
		return agent.Funds{}, err
	}
	token, err := escrow.ReadToken(c.Context, client, p.TokenAddress())
	if err != nil {
		return agent.Funds{}, err
	}
	path, err := dataFile(p, profile.BookFile)
	if err != nil {
		return agent.Funds{}, err
	}
	book, err := agent.OpenBook(path)
	if err != nil {
		return agent.Funds{}, err
	}
	return agent.ReadFunds(c.Context, client, token, payer, book)
}

func withdrawCommand() *cli.Command {
	return &cli.Command{
		Name:  "withdraw",
		Usage: "take money out of channels without the server's consent",
		Description: "`start` announces it on chain and `finish` takes the money once the channel's delay has passed.\n" +
			"Both are transactions of the payer, who pays their gas.",
		Subcommands: []*cli.Command{
			{Name: "start", Usage: "announce the withdrawal of all that is unclaimed", Flags: []cli.Flag{jsonFlag}, Action: withdrawStart},
			{Name: "finish", Usage: "take what was announced and whose delay has passed", Flags: []cli.Flag{jsonFlag}, Action: withdrawFinish},
		},
	}
}

func withdrawStart(c *cli.Context) error { return withdrawStep(c, agent.StartWithdrawals, "announced") }

func withdrawFinish(c *cli.Context) error {
	return withdrawStep(c, agent.FinishWithdrawals, "withdrew")
}

type withdrawFunc = func(ctx context.Context, client *chain.Client, sender *chain.Sender, funds agent.Funds) ([]agent.Withdrawal, error)

func withdrawStep(c *cli.Context, step withdrawFunc, did string) (err error) {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	client, err := dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	funds, err := readFunds(c, p, client)
	if err != nil {
		return err
	}
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
