package sell

import (
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/operate"
)

// Grants is `chit grants`.
func Grants() *cli.Command {
	return &cli.Command{
		Name:  "grants",
		Usage: "look after the budgets that payers of the shop have handed out as tokens",
		Subcommands: []*cli.Command{
			{
				Name: "list", Usage: "list them, the newest first", Action: listingAll(operate.Place.Grants, printGrants),
				Flags: []cli.Flag{command.JSONFlag, command.StoreFlag, &cli.BoolFlag{Name: "all", Usage: "those that have ended, too"}},
			},
			{Name: "show", Usage: "show one with its limits and its history", ArgsUsage: "GRANT", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: grantsShow},
			{
				Name: "revoke", Usage: "end one, and every token that was made of it", ArgsUsage: "GRANT", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag, command.YesFlag}, Action: grantsRevoke,
				Description: "What it has not spent returns to the payer's channel once its last call has ended.",
			},
			{
				Name: "rotate-key", Usage: "make a new root key, under which tokens are minted from then on", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag, command.YesFlag}, Action: grantsRotateKey,
				Description: "Tokens under older keys stay good: revoke the grants whose tokens may be known to others.",
			},
		},
	}
}

func printGrants(w io.Writer, grants []credit.Grant) error {
	rows := make([][]string, len(grants))
	for i, g := range grants {
		rows[i] = []string{g.ID.String(), ui.ShortAddress(g.Payer), ui.ShortAddress(g.Signer), g.Label, g.Budget.Decimal(), g.Spent.Decimal(), g.Remaining().Decimal(), ui.UTC(g.Expires), g.Ended.String()}
	}
	return ui.Table(w, []string{"GRANT", "PAYER", "SIGNED BY", "LABEL", "BUDGET", "SPENT", "LEFT", "EXPIRES", "ENDED"}, rows)
}

// grantArgument is the only argument: a grant's id.
func grantArgument(c *cli.Context) (macaroon.GrantID, error) {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return macaroon.GrantID{}, err
	}
	id, err := macaroon.ParseGrantID(c.Args().First())
	if err != nil {
		return id, fmt.Errorf("%w: %w; `chit grants list --all` shows them", command.ErrUsage, err)
	}
	return id, nil
}

func grantsShow(c *cli.Context) error {
	id, err := grantArgument(c)
	if err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	grant, err := shop.Grant(c.Context, id)
	if errors.Is(err, credit.ErrNoGrant) {
		err = fmt.Errorf("%w; `chit grants list --all` shows them", err)
	}
	if err != nil {
		return err
	}
	return command.Print(c, grant, func(w io.Writer) error { return ui.Grant(w, grant) })
}

func grantsRevoke(c *cli.Context) error {
	id, err := grantArgument(c)
	if err != nil {
		return err
	}
	if err := command.Confirm(c, fmt.Sprintf("Every token of grant %s ends at once, and cannot be brought back. Revoke it?", id)); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	grant, err := shop.RevokeGrant(c.Context, id)
	if err != nil {
		return fmt.Errorf("%w; `chit grants list --all` shows what there is", err)
	}
	return command.Print(c, grant, func(w io.Writer) error {
		if grant.Returned == nil {
			_, err := fmt.Fprintf(w, "grant %s: %s; its last calls are running\n", id, grant.Ended)
			return err
		}
		_, err := fmt.Fprintf(w, "grant %s: %s; %s were spent, %s returned to the channel\n", id, grant.Ended, grant.Spent, *grant.Returned)
		return err
	})
}

func grantsRotateKey(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	if err := command.Confirm(c, "New tokens are minted under a new root key; the older ones stay good. Make it?"); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	number, err := shop.RotateCreditKey(c.Context)
	if err != nil {
		return err
	}
	return command.Print(c, map[string]uint32{"key": number}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "tokens are minted under root key %d from now on; a backup of the store from before cannot verify them\n", number)
		return err
	})
}
