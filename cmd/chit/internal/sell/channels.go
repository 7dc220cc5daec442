package sell

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Channels is `chit channels`, with commands of the payer's for its own.
func Channels(payers ...*cli.Command) *cli.Command {
	return &cli.Command{
		Name: "channels", Usage: "list the channels that pay this shop", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: listing(operate.Place.Channels, printChannels),
		Subcommands: append(payers, resumeCommand()),
	}
}

func printChannels(w io.Writer, views []books.View) error {
	rows := make([][]string, len(views))
	for i, v := range views {
		rows[i] = []string{
			ui.Short(v.Channel.Hex()), ui.ShortAddress(v.Payer), v.Balance.Decimal(), v.Charged.Decimal(),
			v.Claimed.Decimal(), v.Claimable.Decimal(), strconv.Itoa(v.InFlight), ui.Deadline(v.WithdrawAfter), setAside(v.SetAside),
		}
	}
	for _, v := range views {
		if v.Stopped != nil {
			fmt.Fprintln(w, stopLine(*v.Stopped))
		}
	}
	return ui.Table(w, []string{"CHANNEL", "PAYER", "BALANCE", "CHARGED", "CLAIMED", "CLAIMABLE", "IN FLIGHT", "WITHDRAWAL", "SET ASIDE"}, rows)
}

func setAside(s *settle.SetAside) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%s, since %s, %d attempts", s.Reason, s.Since.UTC().Format(time.RFC3339), s.Attempts)
}

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "let channels sell again that are stopped because another program with the key has taken from them",
		ArgsUsage: "[CHANNEL ...]",
		Description: "One key sells from one store. Find the other program first and stop it, or give it another key;\n" +
			"while it goes on, each of the two sells what the other has claimed. `chit reconcile` shows what was lost.",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "every channel that is stopped"}, command.JSONFlag, command.StoreFlag},
		Action: resume,
	}
}

func resume(c *cli.Context) error {
	if all := c.Bool("all"); all == c.Args().Present() {
		return fmt.Errorf("%w: name the channels, or --all; `chit channels` shows which are stopped", command.ErrUsage)
	}
	ids := make([]vouchers.ChannelID, c.NArg())
	for i, text := range c.Args().Slice() {
		var err error
		if ids[i], err = vouchers.ParseChannelID(text); err != nil {
			return fmt.Errorf("%w: %w; `chit channels --json` shows them", command.ErrUsage, err)
		}
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	resumed, err := shop.Resume(c.Context, ids...)
	if err != nil && len(resumed) == 0 {
		return err
	}
	return errors.Join(err, command.Print(c, resumed, func(w io.Writer) error {
		for _, stop := range resumed {
			fmt.Fprintf(w, "%s sells again\n", stop.Channel)
		}
		_, err := fmt.Fprintf(w, "%d channels resumed\n", len(resumed))
		return err
	}))
}

// stopLine says why a channel is stopped.
func stopLine(s ledger.Stop) string {
	line := fmt.Sprintf("%s  stopped since %s: another program with the key has taken from it; claimed %s, by this store %s, lost %s of payer %s",
		s.Channel, s.Since.UTC().Format(time.RFC3339), s.Claimed, s.Ours, s.Lost, s.Payer)
	if s.Refunds > 0 {
		line += fmt.Sprintf("; %d refunds of others", s.Refunds)
	}
	return line + "; `chit channels resume` lets it go on"
}
