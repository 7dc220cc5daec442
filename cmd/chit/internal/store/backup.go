package store

import (
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

func backup() *cli.Command {
	return &cli.Command{
		Name: "backup", Usage: "write a copy of the store as it is at one moment, also while it sells",
		ArgsUsage: "FILE", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: backupStore,
	}
}

// written is what `chit store backup` and `compact` have done.
type written struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes,omitzero"`
}

func backupStore(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	at, err := command.Place(c)
	if err != nil {
		return err
	}
	to := c.Args().First()
	progress := command.Progress()
	size, err := at.Backup(c.Context, to, func(done, all int64) { progress.Bytes(done, all, "written") })
	progress.Done()
	if err != nil {
		return err
	}
	return command.Print(c, written{to, size}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "wrote %d bytes to %s; keep it as secret as a wallet, and see with `chit store verify` that it is whole where it is kept\n", size, to)
		return err
	})
}

func verify() *cli.Command {
	return &cli.Command{
		Name: "verify", Usage: "say whether a backup is whole and sound, and what it holds; needs as much room in $TMPDIR as it has",
		ArgsUsage: "FILE", Flags: []cli.Flag{command.JSONFlag}, Action: verifyBackup,
	}
}

func verifyBackup(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	file := c.Args().First()
	progress := command.Progress()
	found, err := restore.Verify(c.Context, file, func(part string, done, all int64) { progress.Bytes(done, all, part) })
	progress.Done()
	if err != nil {
		return err
	}
	return command.Print(c, found, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s is whole and sound: taken at %s, %s\n%s\n", file, found.Taken.Format(time.RFC3339), ui.Bytes(found.Size), holds(found.Stats))
		return err
	})
}

func compact() *cli.Command {
	return &cli.Command{
		Name: "compact", Usage: "write a copy of the store's folder without the free pages of state.db, while no server runs",
		ArgsUsage: "DIR", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: compactStore,
	}
}

func compactStore(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	at, err := command.Place(c)
	if err != nil {
		return err
	}
	to := c.Args().First()
	if err := at.CompactStore(to); err != nil {
		return err
	}
	return command.Print(c, written{File: to}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "wrote %s; put it in the place of %s while no server runs\n", to, at.Store)
		return err
	})
}
