package sell

import (
	"context"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/server/operate"
)

// listing is a command without arguments that prints what the shop answers.
func listing[T any](ask func(at operate.Place, ctx context.Context) (T, error), show func(w io.Writer, found T) error) cli.ActionFunc {
	return listingAll(func(at operate.Place, ctx context.Context, _ bool) (T, error) { return ask(at, ctx) }, show)
}

// listingAll is [listing] with the flag --all, which the shop is told.
func listingAll[T any](ask func(at operate.Place, ctx context.Context, all bool) (T, error), show func(w io.Writer, found T) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := command.WantArgs(c, 0, 0); err != nil {
			return err
		}
		shop, err := command.Place(c)
		if err != nil {
			return err
		}
		found, err := ask(shop, c.Context, c.Bool("all"))
		if err != nil {
			return err
		}
		return command.Print(c, found, func(w io.Writer) error { return show(w, found) })
	}
}
