package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/vouchers"
)

func resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "let channels sell again that are stopped because another program with the key has taken from them",
		ArgsUsage: "[CHANNEL ...]",
		Description: "One key sells from one store. Find the other program first and stop it, or give it another key;\n" +
			"while it goes on, each of the two sells what the other has claimed. `chit reconcile` shows what was lost.",
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "every channel that is stopped"}, jsonFlag, storeFlag},
		Action: resume,
	}
}

func resume(c *cli.Context) error {
	if all := c.Bool("all"); all == c.Args().Present() {
		return fmt.Errorf("%w: name the channels, or --all; `chit channels` shows which are stopped", errUsage)
	}
	ids := make([]vouchers.ChannelID, c.NArg())
	for i, text := range c.Args().Slice() {
		var err error
		if ids[i], err = vouchers.ParseChannelID(text); err != nil {
			return fmt.Errorf("%w: %w; `chit channels --json` shows them", errUsage, err)
		}
	}
	shop, err := place(c)
	if err != nil {
		return err
	}
	resumed, err := shop.Resume(c.Context, ids...)
	if err != nil && len(resumed) == 0 {
		return err
	}
	return errors.Join(err, print(c, resumed, func(w io.Writer) error {
		for _, stop := range resumed {
			fmt.Fprintf(w, "%s sells again\n", stop.Channel)
		}
		_, err := fmt.Fprintf(w, "%d channels resumed\n", len(resumed))
		return err
	}))
}

// stopLine says why a channel is stopped.
func stopLine(s vouchers.Stop) string {
	line := fmt.Sprintf("%s  stopped since %s: another program with the key has taken from it; claimed %s, by this store %s, lost %s of payer %s",
		s.Channel, s.Since.UTC().Format(time.RFC3339), s.Claimed, s.Ours, s.Lost, s.Payer)
	if s.Refunds > 0 {
		line += fmt.Sprintf("; %d refunds of others", s.Refunds)
	}
	return line + "; `chit channels resume` lets it go on"
}
