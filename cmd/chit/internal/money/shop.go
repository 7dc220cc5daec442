package money

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/x402/extension"
)

// Shop is `chit shop`.
func Shop() *cli.Command {
	return &cli.Command{
		Name:  "shop",
		Usage: "say what the payer's book has to know of a shop, or that the seller's shop has moved",
		Subcommands: []*cli.Command{
			{
				Name: "moved", Usage: "the shop at one URL is at another one now: its channel pays there", ArgsUsage: "FROM TO",
				Description: "A channel belongs to the host that it was opened for. Whoever is at TO gets what is in it:\nbe sure that it is the same shop.",
				Flags:       []cli.Flag{command.YesFlag}, Action: shopMoved,
			},
			{
				Name: "accept", Usage: "agree to terms of a shop that lead to another channel than the one it has", ArgsUsage: "URL",
				Description: "What is in the old channel stays there: `chit refund` before, or `chit withdraw start`, takes it out.",
				Flags:       []cli.Flag{command.YesFlag}, Action: shopAccept,
			},
			{
				Name: "statement", Usage: "sign, with the seller's key, that the seller's shop has moved from one URL to another", ArgsUsage: "FROM TO",
				Description: "Prints what a server has to show as extensions[\"chit-moved\"] of its terms, so that payers use the\n" +
					"channels that they opened for it at FROM. chit's own servers sign and show it by themselves, where\n" +
					"movedFrom: of the profile or of the gateway's file says so.",
				Flags: []cli.Flag{&cli.DurationFlag{Name: "good-for", Value: 30 * 24 * time.Hour, Usage: "how long payers may take it"}}, Action: shopStatement,
			},
		},
	}
}

func shopMoved(c *cli.Context) error {
	if err := command.WantArgs(c, 2, 2); err != nil {
		return err
	}
	from, to := c.Args().Get(0), c.Args().Get(1)
	return changeBook(c, fmt.Sprintf("Let the channel that was opened for %s pay %s from now on?", from, to), func(book *book.Book) (int, error) {
		return book.Moved(from, to)
	})
}

func shopAccept(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	url := c.Args().First()
	return changeBook(c, fmt.Sprintf("Open another channel to %s on its new terms?", url), func(book *book.Book) (int, error) {
		return book.Leave(url)
	})
}

func shopStatement(c *cli.Context) error {
	if err := command.WantArgs(c, 2, 2); err != nil {
		return err
	}
	if c.Duration("good-for") <= 0 {
		return fmt.Errorf("%w: --good-for %s has to be above 0", command.ErrUsage, c.Duration("good-for"))
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	o, err := p.ShopOptions(command.Passphrase(c))
	if err != nil {
		return err
	}
	moved := server.Move{From: c.Args().Get(0), To: c.Args().Get(1)}
	signed, err := operate.SignMove(c.Context, o, moved, time.Now().Add(c.Duration("good-for")))
	if err != nil {
		return err
	}
	return ui.JSON(c.App.Writer, []extension.Move{signed})
}

// changeBook asks, and makes a change to the channels of a shop.
func changeBook(c *cli.Context, question string, change func(*book.Book) (int, error)) error {
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	book, err := command.Book(c, p)
	if err != nil {
		return err
	}
	if err := command.Confirm(c, question); err != nil {
		return err
	}
	n, err := change(book)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: the book has none for that URL; `chit balance` lists them", agent.ErrNoChannel)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "%d of the book's channels changed\n", n)
	return err
}
