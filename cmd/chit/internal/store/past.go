package store

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/vouchers/history"
)

// archiveCommand is `chit store archive`.
func archiveCommand() *cli.Command {
	return &cli.Command{
		Name: "archive", Usage: "write the receipts of each day that is over to a Parquet file, also while the server runs", ArgsUsage: "DIR",
		Description: "Days are those of UTC; one is archived an hour after its end, and passed over if its file is there.",
		Flags:       []cli.Flag{command.JSONFlag, command.StoreFlag},
		Action:      archiveStore,
	}
}

// prune is `chit store prune`.
func prune() *cli.Command {
	return &cli.Command{
		Name: "prune", Usage: "drop receipts that are old and claimed, also while the server runs",
		Description: "Without --keep and --max it goes by `history` of the running server, or of the profile. What is not claimed is never dropped.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keep", Usage: "drop what is older than this `AGE`, such as 400d"},
			&cli.StringFlag{Name: "max", Usage: "drop the oldest until all take this `SIZE`, such as 20GB"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be dropped"},
			command.JSONFlag, command.StoreFlag,
		},
		Action: pruneStore,
	}
}

func archiveStore(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	all := []archive.Archived{}
	err = shop.Archive(c.Context, c.Args().First(), time.Now(), func(a archive.Archived) error {
		if all = append(all, a); c.Bool(command.JSONFlag.Name) || a.Before {
			return nil
		}
		_, err := fmt.Fprintf(c.App.Writer, "%s: %d receipts, %d bytes\n", a.File, a.Receipts, a.Bytes)
		return err
	})
	if err != nil {
		return err
	}
	return command.Print(c, all, func(w io.Writer) error {
		written := 0
		for _, a := range all {
			if !a.Before {
				written++
			}
		}
		_, err := fmt.Fprintf(w, "wrote %d days; %d were there already\n", written, len(all)-written)
		return err
	})
}

func pruneStore(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	req := operate.Prune{DryRun: c.Bool("dry-run")}
	keep, err := history.ParseKeep(c.String("keep"), c.String("max"))
	if err != nil {
		return fmt.Errorf("%w: %w", command.ErrUsage, err)
	}
	if keep != (history.Keep{}) {
		req.Keep = &keep
	}
	done, failure := shop.Prune(c.Context, req)
	err = command.Print(c, done, func(w io.Writer) error {
		verb := "dropped"
		if req.DryRun {
			verb = "would drop"
		}
		for _, t := range done.Dropped {
			fmt.Fprintf(w, "%s %s: %d receipts, %s to %s\n", verb, t.Path, t.Entries, t.First.Format(time.RFC3339), t.Last.Format(time.RFC3339))
		}
		for _, t := range done.Rewritten {
			fmt.Fprintf(w, "%s a part of %s, %s to %s\n", verb, t.Path, t.First.Format(time.RFC3339), t.Last.Format(time.RFC3339))
		}
		_, err := fmt.Fprintf(w, "%s %d receipts, %d bytes; %d old ones stay, since they are not claimed\n", verb, done.Entries, done.Bytes, done.Held)
		return err
	})
	return cmp.Or(failure, err)
}
