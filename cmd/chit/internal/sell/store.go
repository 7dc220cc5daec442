package sell

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// Store is `chit store`.
func Store() *cli.Command {
	return &cli.Command{
		Name:  "store",
		Usage: "look after the seller's file of channels, vouchers and charges",
		Subcommands: []*cli.Command{
			{Name: "check", Usage: "read every value and say what is damaged", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: storeCheck},
			{Name: "stats", Usage: "say what the file holds", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: storeStats},
			{Name: "backup", Usage: "write a consistent copy, also while the server runs", ArgsUsage: "FILE", Flags: []cli.Flag{command.StoreFlag}, Action: storeBackup},
			{Name: "compact", Usage: "write a copy without the free pages", ArgsUsage: "FILE", Flags: []cli.Flag{command.StoreFlag}, Action: storeCompact},
			storeArchiveCommand(),
			storePruneCommand(),
		},
	}
}

func storeCheck(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	report, damaged := shop.CheckStore()
	if damaged != nil && !errors.Is(damaged, operate.ErrDamaged) {
		return damaged
	}
	err = command.Print(c, report, func(w io.Writer) error {
		for _, problem := range report.Problems {
			fmt.Fprintln(w, problem)
		}
		_, err := fmt.Fprintf(w, "%d channels, %d receipts in tables, %d problems\n", report.State.Channels, report.History.Entries, len(report.Problems))
		return err
	})
	return cmp.Or(err, damaged)
}

func storeStats(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	stats, err := shop.StoreStats()
	if err != nil {
		return err
	}
	return command.Print(c, stats, func(w io.Writer) error {
		fmt.Fprintf(w, "format %d, %d bytes, %d free on the disk\n", stats.Version, stats.Bytes, stats.Free)
		fmt.Fprintf(w, "state: %d bytes, %d used, %d channels, %d terms\n", stats.State.Bytes, stats.State.Used, stats.State.Channels, stats.State.Terms)
		fmt.Fprintf(w, "journal: %d bytes in %d files\n", stats.Journal.Bytes, stats.Journal.Files)
		fmt.Fprintf(w, "history: %d bytes in %d files, %d receipts%s\n", stats.History.Bytes, stats.History.Files, stats.History.Entries, span(stats.History))
		fmt.Fprintf(w, "answers: %d bytes in %d files, %d kept\n", stats.Answers.Bytes, stats.Answers.Files, stats.Answers.Entries)
		for _, room := range slices.Sorted(maps.Keys(stats.State.Rooms)) {
			fmt.Fprintf(w, "%d in %s\n", stats.State.Rooms[room], room)
		}
		return nil
	})
}

// span says from when to when the receipts are.
func span(p diskstore.Part) string {
	if p.Files == 0 {
		return ""
	}
	return fmt.Sprintf(", %s to %s", p.First.Format(time.RFC3339), p.Last.Format(time.RFC3339))
}

func storeBackup(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	size, err := shop.Backup(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %d bytes to %s\n", size, c.Args().First())
	return err
}

func storeCompact(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	if err := shop.CompactStore(c.Args().First()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %s; put it in the place of %s while no server runs\n", c.Args().First(), shop.Store)
	return err
}
