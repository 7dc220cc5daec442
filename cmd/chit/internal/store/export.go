package store

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
)

// export is `chit store export`.
func export() *cli.Command {
	return &cli.Command{
		Name: "export", Usage: "write all receipts that are kept to a file, also while the server runs", ArgsUsage: "FILE",
		Description: "The file has one JSON object a line: `chit receipts verify FILE` checks it. `chit receipts export --seller` writes those of a channel or a time, or a table.",
		Flags:       []cli.Flag{command.StoreFlag},
		Action:      exportStore,
	}
}

func exportStore(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	if err := shop.Export(c.Context, c.Args().First()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote the receipts to %s\n", c.Args().First())
	return err
}
