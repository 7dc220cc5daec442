package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// Command is `chit store`.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "store",
		Usage: "look after the seller's folder of channels, vouchers, charges and receipts",
		Subcommands: []*cli.Command{
			check(),
			stats(),
			backup(),
			restoreCommand(),
			verify(),
			compact(),
			archiveCommand(),
			export(),
			prune(),
		},
	}
}

func check() *cli.Command {
	return &cli.Command{
		Name: "check", Usage: "read every value of the shop's store, also while it sells, or of a copy or a backup, and say what is damaged",
		ArgsUsage: "[PATH]", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: checkStore,
	}
}

func checkStore(c *cli.Context) error {
	at, err := placeOf(c)
	if err != nil {
		return err
	}
	progress := command.Progress()
	report, wrong := at.CheckStore(c.Context, func(part string, done, all int64) { progress.Bytes(done, all, part) })
	progress.Done()
	if wrong != nil && !errors.Is(wrong, operate.ErrDamaged) && !errors.Is(wrong, operate.ErrDoubles) {
		return wrong
	}
	err = command.Print(c, report, func(w io.Writer) error {
		for _, problem := range slices.Concat(report.Problems, report.Doubles) {
			fmt.Fprintln(w, command.OneLine(errors.New(problem)))
		}
		if report.Torn > 0 {
			fmt.Fprintf(w, "the journal ends in %d bytes of a write that was not finished: nobody was answered for it, and it is cut when the store is opened\n", report.Torn)
		}
		_, err := fmt.Fprintf(w, "%s; %d problems\n", holds(report.Stats), len(report.Problems)+len(report.Doubles))
		return err
	})
	return cmp.Or(err, wrong)
}

// placeOf is the shop of the profile, or what the command's argument names.
func placeOf(c *cli.Context) (operate.Place, error) {
	if err := command.WantArgs(c, 0, 1); err != nil {
		return operate.Place{}, err
	}
	if path := c.Args().First(); path != "" {
		_, err := os.Stat(path)
		return operate.Place{Store: path}, err
	}
	return command.Place(c)
}

// holds says what is in a store.
func holds(s inspect.Stats) string {
	return fmt.Sprintf("%d channels, %d receipts, %s not claimed yet", s.Channels, s.Receipts, s.Unclaimed)
}

func stats() *cli.Command {
	return &cli.Command{
		Name: "stats", Usage: "say what the shop's store holds, also while it sells, or a copy or a backup",
		ArgsUsage: "[PATH]", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: statsOfStore,
	}
}

func statsOfStore(c *cli.Context) error {
	at, err := placeOf(c)
	if err != nil {
		return err
	}
	stats, err := at.StoreStats(c.Context)
	if err != nil {
		return err
	}
	return command.Print(c, stats, func(w io.Writer) error {
		fmt.Fprintln(w, holds(stats))
		fmt.Fprintf(w, "%s, %s free on the disk; format %d\n", ui.Bytes(stats.Bytes), ui.Bytes(int64(stats.Free)), stats.Version)
		fmt.Fprintf(w, "state: %s, %s of it used, %d terms\n", ui.Bytes(stats.State.Bytes), ui.Bytes(stats.State.Used), stats.State.Terms)
		fmt.Fprintf(w, "journal: %s\n", files(stats.Journal, "receipts"))
		fmt.Fprintf(w, "history: %s\n", files(stats.History, "receipts"))
		fmt.Fprintf(w, "answers: %s\n", files(stats.Answers, "kept"))
		for _, room := range slices.Sorted(maps.Keys(stats.State.Rooms)) {
			fmt.Fprintf(w, "%d in %s\n", stats.State.Rooms[room], room)
		}
		return nil
	})
}

// files says what a part of a store is.
func files(p inspect.Part, what string) string {
	text := fmt.Sprintf("%s in %d files, %d %s", ui.Bytes(p.Bytes), p.Files, p.Entries, what)
	if p.First.IsZero() {
		return text
	}
	return fmt.Sprintf("%s from %s to %s", text, p.First.Format(time.RFC3339), p.Last.Format(time.RFC3339))
}
