package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/operate"
)

func limitsCommand() *cli.Command {
	return &cli.Command{
		Name:        "limits",
		Usage:       "show which limits were met since the running server was started, and how often",
		Description: "A limit bounds what others can make the server do, remember or spend; `limits:` in the profile sets it, docs/SECURITY.md explains each.",
		Flags:       []cli.Flag{jsonFlag, &cli.BoolFlag{Name: "all", Usage: "those that were not met, too"}},
		Action:      showLimits,
	}
}

func showLimits(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	socket, err := dataFile(p, profile.SocketFile)
	if err != nil {
		return err
	}
	admin, err := operate.Dial(socket)
	if err != nil {
		return fmt.Errorf("%w; it counts only while it runs", err)
	}
	all, err := admin.Limits(c.Context)
	if err != nil {
		return err
	}
	if !c.Bool("all") {
		all = slices.DeleteFunc(all, func(l limits.View) bool { return l.Met == 0 })
	}
	return print(c, all, func(w io.Writer) error {
		if len(all) == 0 {
			_, err := fmt.Fprintln(w, "no limit was met since the server was started")
			return err
		}
		rows := make([][]string, len(all))
		for i, l := range all {
			rows[i] = []string{l.Limit, l.Value, strconv.FormatUint(l.Met, 10)}
		}
		return ui.Table(w, []string{"LIMIT", "VALUE", "MET"}, rows)
	})
}
