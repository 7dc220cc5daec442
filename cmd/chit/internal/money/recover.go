package money

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

// Recover is `chit recover`.
func Recover() *cli.Command {
	return &cli.Command{
		Name:  "recover",
		Usage: "rebuild the payer's book of channels",
		Description: "For when the book was lost, or an old copy came back: asks the chain, and the server, whose\n" +
			"answer must carry the payer's own signature. Where the server does not answer, or with --chain, the\n" +
			"log of the escrow is searched for every channel of the payer, so that `chit withdraw` can take\n" +
			"what is in them. What is found counts as spent; where that is more than the book knows to be\n" +
			"signed, it is shown and asked for first. Costs nothing.",
		Flags: []cli.Flag{
			command.ServerFlag, command.TokenFlag, command.JSONFlag, command.YesFlag,
			&cli.BoolFlag{Name: "chain", Usage: "do not ask the server, search the chain"},
			&cli.Uint64Flag{Name: "from-block", Usage: "the first block to search (default: that of the escrow's deployment)"},
		},
		Action: recoverBook,
	}
}

// recovered is what --json prints.
type recovered struct {
	// From is "server" or "chain".
	From     string        `json:"from"`
	Channels []agent.Entry `json:"channels"`
}

func recoverBook(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	if c.Bool("chain") {
		return recoverFromChain(c)
	}
	asking := func(o *agent.Options) error { o.Agree = agree(c); return nil }
	err := command.WithPayer(c, asking, func(client *agent.Client) error {
		entry, err := client.Recover(c.Context)
		if err != nil {
			return err
		}
		return command.Print(c, recovered{"server", []agent.Entry{entry}}, func(w io.Writer) error { return printEntry(w, entry) })
	})
	if errors.Is(err, agent.ErrNoServer) && c.Context.Err() == nil {
		report := command.Progress()
		report.Step("%s; searching the chain", command.OneLine(err))
		report.Done()
		return recoverFromChain(c)
	}
	return err
}

// agree shows what a recovery would take over, and asks.
func agree(c *cli.Context) func(context.Context, agent.Finding) (bool, error) {
	return func(_ context.Context, f agent.Finding) (bool, error) {
		by := "only the chain's nodes say so"
		if f.Proven {
			by = "the server shows your own signature for it"
		}
		fmt.Fprintf(os.Stderr, "channel %s: the book knows of %s spent and %s signed;\nfound are %s charged and %s signed, %s claimed on chain; %s\n",
			f.Channel, f.Spent, f.Known, f.Charged, f.Signed, f.Claimed, by)
		if err := command.Confirm(c, "Was the book lost, or is it an old copy? What is found then counts as spent."); err != nil {
			return false, err
		}
		return true, nil
	}
}

func printEntry(w io.Writer, entry agent.Entry) error {
	_, err := fmt.Fprintf(w, "channel %s\ndeposited %s, spent %s, available %s\n", entry.Channel, entry.Balance, entry.Charged, entry.Available())
	return err
}

func recoverFromChain(c *cli.Context) error {
	return command.WithChain(c, func(p *profile.Profile, client *chain.Client) error {
		payer, err := p.PayerAddress()
		if err != nil {
			return err
		}
		book, err := command.Book(c, p)
		if err != nil {
			return err
		}
		report := command.Progress()
		defer report.Done()
		found, err := treasury.Recover(c.Context, client, book, treasury.Search{
			Payer: payer, Token: p.TokenAddress(), Pinned: p.Pinned(), From: c.Uint64("from-block"), Agree: agree(c),
			Reached: func(of common.Address, block, last uint64) {
				report.Percent(block, last, "of the blocks of escrow "+ui.ShortAddress(of))
			},
		})
		report.Done()
		if err != nil && len(found) == 0 {
			return err
		}
		return errors.Join(command.Print(c, recovered{"chain", found}, func(w io.Writer) error { return printFound(w, payer, found) }), err)
	})
}

func printFound(w io.Writer, payer common.Address, found []agent.Entry) error {
	if len(found) == 0 {
		_, err := fmt.Fprintf(w, "the chain knows of no channel of %s that has anything left\n", payer)
		return err
	}
	for _, entry := range found {
		if err := printEntry(w, entry); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "the sellers may have vouchers for more than is spent; `chit withdraw start` takes the rest out")
	return err
}
