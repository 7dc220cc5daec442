package money

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow/funding"
)

// Balance is `chit balance`.
func Balance() *cli.Command {
	return &cli.Command{
		Name:  "balance",
		Usage: "show the payer's money: in the wallet and in channels",
		Description: "What was deposited, less what came back by refunds and withdrawals, is what calls have cost, what\n" +
			"credit tokens have (`chit credit list` asks the server what they have spent of it), what is on its\n" +
			"way (calls without an answer), and what is left.",
		Flags:  []cli.Flag{command.TokenFlag, command.JSONFlag},
		Action: balance,
	}
}

func balance(c *cli.Context) error {
	return withFunds(c, func(_ *profile.Profile, _ *chain.Client, funds treasury.Funds) error { return printBalance(c, funds) })
}

// withFunds runs f with what the payer has, as far as it can be read.
func withFunds(c *cli.Context, f func(*profile.Profile, *chain.Client, treasury.Funds) error) error {
	return command.WithChain(c, func(p *profile.Profile, client *chain.Client) error {
		funds, err := readFunds(c, p, client)
		if funds.Payer == (common.Address{}) {
			return err
		}
		return errors.Join(f(p, client, funds), err)
	})
}

func printBalance(c *cli.Context, funds treasury.Funds) error {
	return command.Print(c, funds, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "wallet %s  %s\n", funds.Payer, funds.Wallet); err != nil || len(funds.Channels) == 0 {
			return err
		}
		rows := make([][]string, len(funds.Channels))
		for i, ch := range funds.Channels {
			rows[i] = []string{ui.Short(ch.Channel.Hex()), cmp.Or(ch.Server, "unknown"), ch.Balance.Decimal(), ch.Spent().Decimal(), ch.WithTokens.Decimal(), ch.OnItsWay.Decimal(), ch.Available.Decimal(), ui.Deadline(ch.WithdrawAfter)}
		}
		if err := ui.Table(w, []string{"CHANNEL", "SERVER", "DEPOSITED", "SPENT", "WITH TOKENS", "ON ITS WAY", "LEFT", "WITHDRAWAL"}, rows); err != nil {
			return err
		}
		return errors.Join(printAtRisk(w, funds.Channels), printDisputed(w, funds.Channels))
	})
}

// printAtRisk names the channels whose server holds a voucher for more than was spent.
func printAtRisk(w io.Writer, channels []treasury.ChannelFunds) error {
	for _, ch := range channels {
		if risk := ch.AtRisk(); risk > 0 {
			if _, err := fmt.Fprintf(w, "%s: the server holds a voucher with which it could take %s, %s more than was spent; a revoked grant leaves one, or a failed call, and the next calls are paid with it\n",
				ui.Short(ch.Channel.Hex()), ch.Charged+risk, risk); err != nil {
				return err
			}
		}
	}
	return nil
}

// printDisputed names the channels that were charged for what no call explains.
func printDisputed(w io.Writer, channels []treasury.ChannelFunds) error {
	for _, ch := range channels {
		if ch.Disputed == 0 {
			continue
		}
		if _, err := fmt.Fprintf(w, "%s: the server has charged %s that no call explains; `chit receipts fetch` gets what it says that they were for, `chit refund` and `chit withdraw` take out the rest\n",
			ui.Short(ch.Channel.Hex()), ch.Disputed); err != nil {
			return err
		}
	}
	return nil
}

func readFunds(c *cli.Context, p *profile.Profile, client *chain.Client) (treasury.Funds, error) {
	payer, err := p.PayerAddress()
	if err != nil {
		return treasury.Funds{}, err
	}
	token, err := funding.ReadToken(c.Context, client, p.TokenAddress())
	if err != nil {
		return treasury.Funds{}, err
	}
	book, err := command.Book(c, p)
	if err != nil {
		return treasury.Funds{}, err
	}
	return treasury.Read(c.Context, client, token, payer, book)
}
