package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/vouchers/boltstore"
)

// errDamaged says that a store is not sound.
var errDamaged = errors.New("the store is damaged")

func storeCommand() *cli.Command {
	return &cli.Command{
		Name:  "store",
		Usage: "look after the seller's file of channels, vouchers and charges",
		Subcommands: []*cli.Command{
			{Name: "check", Usage: "read every value and say what is damaged", Flags: []cli.Flag{jsonFlag, storeFlag}, Action: storeCheck},
			{Name: "stats", Usage: "say what the file holds", Flags: []cli.Flag{jsonFlag, storeFlag}, Action: storeStats},
			{Name: "backup", Usage: "write a consistent copy, also while the server runs", ArgsUsage: "FILE", Flags: []cli.Flag{storeFlag}, Action: storeBackup},
			{Name: "compact", Usage: "write a copy without the free pages", ArgsUsage: "FILE", Flags: []cli.Flag{storeFlag}, Action: storeCompact},
		},
	}
}

func storeFile(c *cli.Context) (*profile.Profile, string, error) {
	p, err := openProfile(c)
	if err != nil {
		return nil, "", err
	}
	path, err := storeThere(c, p)
	return p, path, err
}

func storeCheck(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	_, path, err := storeFile(c)
	if err != nil {
		return err
	}
	report, err := boltstore.Check(path)
	if err != nil {
		return err
	}
	err = print(c, report, func(w io.Writer) error {
		for _, problem := range report.Problems {
			fmt.Fprintln(w, problem)
		}
		_, err := fmt.Fprintf(w, "%d channels, %d answers, %d problems\n", report.Channels, report.Answers, len(report.Problems))
		return err
	})
	if err == nil && len(report.Problems) > 0 {
		return fmt.Errorf("%w: take the last backup, and see which of its channels the chain and the payers know better", errDamaged)
	}
	return err
}

func storeStats(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	_, path, err := storeFile(c)
	if err != nil {
		return err
	}
	stats, err := boltstore.ReadStats(path)
	if err != nil {
		return err
	}
	return print(c, stats, func(w io.Writer) error {
		fmt.Fprintf(w, "format %d, %d bytes, %d used, %d free on the disk\n%d channels, %d terms, %d answers\n", stats.Version, stats.Bytes, stats.Used, stats.Free, stats.Channels, stats.Terms, stats.Answers)
		for _, room := range slices.Sorted(maps.Keys(stats.Rooms)) {
			fmt.Fprintf(w, "%d in %s\n", stats.Rooms[room], room)
		}
		return nil
	})
}

func storeBackup(c *cli.Context) (err error) {
	if err := wantArgs(c, 1, 1); err != nil {
		return err
	}
	p, path, err := storeFile(c)
	if err != nil {
		return err
	}
	size, err := writeNew(c.Args().First(), func(w io.Writer) (int64, error) {
		if admin, err := sellerAdmin(c, p); err == nil {
			return admin.Backup(c.Context, w)
		}
		store, err := boltstore.Open(path, boltstore.MustExist())
		if err != nil {
			return 0, err
		}
		n, err := store.Backup(w)
		return n, errors.Join(err, store.Close())
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %d bytes to %s\n", size, c.Args().First())
	return err
}

// writeNew writes a file that must not be there yet, for its owner alone, and
// leaves none behind if that fails.
func writeNew(path string, write func(io.Writer) (int64, error)) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = write(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return 0, errors.Join(err, os.Remove(path))
	}
	return size, nil
}

func storeCompact(c *cli.Context) error {
	if err := wantArgs(c, 1, 1); err != nil {
		return err
	}
	_, path, err := storeFile(c)
	if err != nil {
		return err
	}
	if err := boltstore.Compact(path, c.Args().First()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "wrote %s; put it in the place of %s while no server runs\n", c.Args().First(), path)
	return err
}
