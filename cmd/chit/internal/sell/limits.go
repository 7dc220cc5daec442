package sell

import (
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/operate"
)

// Limits is `chit limits`.
func Limits() *cli.Command {
	return &cli.Command{
		Name:        "limits",
		Usage:       "show which limits were met since the running server was started, and how often",
		Description: "A limit bounds what others can make the server do, remember or spend; `limits:` in the profile sets it, docs/SECURITY.md explains each.",
		Flags:       []cli.Flag{command.JSONFlag, &cli.BoolFlag{Name: "all", Usage: "those that were not met, too"}},
		Action:      listingAll(operate.Place.Limits, printLimits),
	}
}

func printLimits(w io.Writer, all []limits.View) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "no limit was met since the server was started")
		return err
	}
	rows := make([][]string, len(all))
	for i, l := range all {
		rows[i] = []string{l.Limit, l.Value, strconv.FormatUint(l.Met, 10)}
	}
	return ui.Table(w, []string{"LIMIT", "VALUE", "MET"}, rows)
}
