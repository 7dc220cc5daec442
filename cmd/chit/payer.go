package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// payerOptions are those of a client that the profile's payer pays with.
func payerOptions(c *cli.Context, p *profile.Profile) (o agent.Options, err error) {
	o = agent.Options{RPC: p.RPC, ChainID: p.ChainID, Token: p.TokenAddress(), Pinned: pinned(p), Name: "chit", Version: version}
	if o.Key, err = p.PayerKey(passphrase(c)); err != nil {
		return o, err
	}
	if o.Session, err = p.SessionKey(c.Context, passphrase(c)); err != nil {
		return o, err
	}
	if o.Book, err = dataFile(p, profile.BookFile); err != nil {
		return o, err
	}
	if o.ReceiptSigners, err = p.ReceiptSignerAddresses(); err != nil {
		return o, err
	}
	if o.Policy, err = p.PayerPolicy(); err != nil {
		return o, err
	}
	if o.Limits, err = p.PayerLimits(); err != nil {
		return o, err
	}
	o.Disputed = func(d agent.Dispute) { fmt.Fprintf(os.Stderr, "disputed: %s\n", d) }
	o.TopUp, err = p.PayerTopUp()
	return o, err
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
	return withPayer(c, byHand, func(client *agent.Client) error {
		report := progress()
		report.Step("depositing %s; waiting for the chain", amount)
		moved, err := client.Deposit(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return print(c, moved, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "deposited %s into channel %s\nthe channel has %s left\ntransaction %s\n", moved.Amount, moved.Channel, moved.Left, moved.Tx)
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
	return withPayer(c, unchanged, func(client *agent.Client) error {
		report := progress()
		report.Step("asking for a refund; waiting for the chain")
		moved, err := client.Refund(c.Context, amount)
		report.Done()
		if err != nil {
			return err
		}
		return printRefund(c, moved)
	})
}

func printRefund(c *cli.Context, moved agent.Moved) error {
	return print(c, moved, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "refunded %s of channel %s\nthe channel has %s left\ntransaction %s\n", moved.Amount, moved.Channel, moved.Left, moved.Tx)
		return err
	})
}

// byHand lifts the limit of a deposit, whose amount this very command names.
func byHand(o *agent.Options) error {
	o.Policy.MaxDeposit = 0
	return nil
}

// withPayer runs f with a client that is connected to the profile's server, with the
// profile's options after change.
func withPayer(c *cli.Context, change func(*agent.Options) error, f func(*agent.Client) error) (err error) {
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	o, err := payerOptions(c, p)
	if err != nil {
		return err
	}
	if err := change(&o); err != nil {
		return err
	}
	if p.Server == "" {
		return fmt.Errorf("%w: no server: give its URL with --server, or write it into the profile", errUsage)
	}
	client, err := agent.Dial(c.Context, p.Server, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	return f(client)
}

func balanceCommand() *cli.Command {
	return &cli.Command{
		Name:  "balance",
		Usage: "show the payer's money: in the wallet and in channels",
		Description: "What was deposited, less what came back by refunds and withdrawals, is what calls have cost, what\n" +
			"credit tokens have (`chit credit list` asks the server what they have spent of it), what is on its\n" +
			"way (calls without an answer), and what is left.",
		Flags:  []cli.Flag{tokenFlag, jsonFlag},
		Action: balance,
	}
}

func balance(c *cli.Context) error { return withFunds(c, printBalance) }

// withFunds runs f with what the payer has, as far as it can be read.
func withFunds(c *cli.Context, f func(*cli.Context, *profile.Profile, *chain.Client, agent.Funds) error) error {
	return withChain(c, func(p *profile.Profile, client *chain.Client) error {
		funds, err := readFunds(c, p, client)
		if funds.Payer == (common.Address{}) {
			return err
		}
		return errors.Join(f(c, p, client, funds), err)
	})
}

func printBalance(c *cli.Context, _ *profile.Profile, _ *chain.Client, funds agent.Funds) error {
	return print(c, funds, func(w io.Writer) error {
		if _, err := fmt.Fprintf(w, "wallet %s  %s\n", funds.Payer, funds.Wallet); err != nil || len(funds.Channels) == 0 {
			return err
		}
		rows := make([][]string, len(funds.Channels))
		for i, ch := range funds.Channels {
			rows[i] = []string{ui.Short(ch.Channel.Hex()), cmp.Or(ch.Server, "unknown"), ch.Balance.Decimal(), ch.Spent().Decimal(), ch.WithTokens.Decimal(), ch.OnItsWay.Decimal(), ch.Available.Decimal(), withdrawal(ch.WithdrawAfter)}
		}
		if err := ui.Table(w, []string{"CHANNEL", "SERVER", "DEPOSITED", "SPENT", "WITH TOKENS", "ON ITS WAY", "LEFT", "WITHDRAWAL"}, rows); err != nil {
			return err
		}
		return errors.Join(printAtRisk(w, funds.Channels), printDisputed(w, funds.Channels))
	})
}

// printAtRisk names the channels whose server holds a voucher for more than was spent.
func printAtRisk(w io.Writer, channels []agent.ChannelFunds) error {
	for _, ch := range channels {
		if most := min(ch.Signed, ch.Balance); most > ch.Charged {
			if _, err := fmt.Fprintf(w, "%s: the server holds a voucher with which it could take %s, %s more than was spent; a revoked grant leaves one, or a failed call, and the next calls are paid with it\n",
				ui.Short(ch.Channel.Hex()), most, most-ch.Charged); err != nil {
				return err
			}
		}
	}
	return nil
}

// printDisputed names the channels that were charged for what no call explains.
func printDisputed(w io.Writer, channels []agent.ChannelFunds) error {
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

func readFunds(c *cli.Context, p *profile.Profile, client *chain.Client) (agent.Funds, error) {
	payer, err := p.PayerAddress()
	if err != nil {
		return agent.Funds{}, err
	}
	token, err := funding.ReadToken(c.Context, client, p.TokenAddress())
	if err != nil {
		return agent.Funds{}, err
	}
	book, err := openBook(c, p)
	if err != nil {
		return agent.Funds{}, err
	}
	return agent.ReadFunds(c.Context, client, token, payer, book)
}
