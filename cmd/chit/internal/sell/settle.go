package sell

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/settings"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
)

// Settle is `chit settle`.
func Settle() *cli.Command {
	return &cli.Command{
		Name:  "settle",
		Usage: "claim what was charged and transfer it to the receiver",
		Description: "Asks the running server, or works on the store itself when none runs. It can be interrupted at any moment:\n" +
			"what was sent by then goes on, and the next settlement books it.\n\n" +
			"Of a channel in use the newest voucher is not claimed with, and so the price of its last call is left for later:\n" +
			"once a voucher is on chain it does not prove who shows it, so that the payer of a stock client could not be refunded.",
		Flags: []cli.Flag{
			command.JSONFlag,
			&cli.BoolFlag{Name: "all", Usage: "claim also what was charged last to channels in use"},
			&cli.BoolFlag{Name: "anyway", Usage: "settle also if the gas costs more than what is claimed"},
			command.StoreFlag,
			&cli.BoolFlag{Name: "dry-run", Usage: "only show what would be claimed, and what that would cost"},
			&cli.StringSliceFlag{Name: "channel", Usage: "claim this channel alone; may be given more than once"},
			&cli.StringFlag{Name: "min-value", Usage: "leave channels with less to claim for later, such as 0.5"},
			&cli.StringFlag{Name: "max-gas-price", Usage: "the most to pay per gas, in gwei"},
			&cli.Uint64Flag{Name: "wait", Usage: "wait until the transactions are in so many blocks"},
		},
		Action: settleNow,
	}
}

func settleNow(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	req, err := settleRequest(c)
	if err != nil {
		return err
	}
	shop, err := command.Place(c)
	if err != nil {
		return err
	}
	s := &settlement{out: c.App.Writer, progress: command.Progress(), quiet: c.Bool(command.JSONFlag.Name), dryRun: req.DryRun}
	done, err := shop.Settle(c.Context, req, s.step)
	s.progress.Done()
	if errors.Is(err, settle.ErrNotWorth) {
		return fmt.Errorf("%w; --anyway settles all the same", err)
	}
	if s.quiet && (err == nil || len(done.Batches) > 0) {
		return errors.Join(err, ui.JSON(c.App.Writer, done))
	}
	if s.quiet || err != nil && len(done.Batches) == 0 {
		return err
	}
	return errors.Join(err, s.totals(done))
}

func settleRequest(c *cli.Context) (settle.Request, error) {
	req := settle.Request{DryRun: c.Bool("dry-run"), Final: c.Bool("all"), Anyway: c.Bool("anyway"), Confirmations: c.Uint64("wait")}
	var err error
	for _, text := range c.StringSlice("channel") {
		id, err := vouchers.ParseChannelID(text)
		if err != nil {
			return req, fmt.Errorf("%w: --channel: %w; `chit channels --json` shows them", command.ErrUsage, err)
		}
		req.Channels = append(req.Channels, id)
	}
	if text := c.String("min-value"); text != "" {
		if req.MinValue, err = vouchers.ParseAmount(text); err != nil {
			return req, fmt.Errorf("%w: --min-value: %w", command.ErrUsage, err)
		}
	}
	if text := c.String("max-gas-price"); text != "" {
		if req.MaxGasPrice, err = settings.ParseGwei(text); err != nil {
			return req, fmt.Errorf("%w: --max-gas-price: %w", command.ErrUsage, err)
		}
	}
	return req, nil
}

// settlement prints a settlement while it happens.
type settlement struct {
	out      io.Writer
	progress *ui.Progress
	quiet    bool
	dryRun   bool

	planned, done int
}

func (s *settlement) step(event settle.Event) {
	switch {
	case len(event.Plan) > 0:
		s.planned += len(event.Plan)
		if !s.quiet {
			_ = s.plan(event.Plan) // a closed output shows in the totals
		}
	case event.Batch != nil:
		s.done++
		if !s.quiet {
			s.progress.Done()
			fmt.Fprintf(s.out, "%s  %s%d channels, claimed %s, %d gas, %s\n", event.Batch.Tx, at(event.Batch.Deployment), event.Batch.Channels, event.Batch.Claimed, event.Batch.GasUsed, ui.Cost(event.Batch.Cost, event.Batch.CostUSDC))
		}
	}
	if s.planned > 0 && !s.dryRun && event.Done == nil {
		s.progress.Bar(s.done, s.planned, "transactions")
	}
}

// plan prints what each transaction will claim, and what it will cost.
func (s *settlement) plan(batches []settle.Batch) error {
	rows := make([][]string, len(batches))
	for i, b := range batches {
		usdc := "-"
		if b.CostUSDC != nil {
			usdc = b.CostUSDC.Decimal()
		}
		name := strconv.Itoa(i + 1)
		if s.dryRun {
			name += " (dry run)"
		}
		rows[i] = []string{name, strconv.Itoa(b.Channels), b.Claimed.Decimal(), strconv.FormatUint(b.GasUsed, 10), ui.Coins(b.Cost), usdc}
	}
	if len(batches) > 0 && batches[0].Deployment != "" {
		fmt.Fprintln(s.out, batches[0].Deployment)
	}
	return ui.Table(s.out, []string{"BATCH", "CHANNELS", "VALUE", "GAS", "COST ETH", "COST USDC"}, rows)
}

func (s *settlement) totals(done settle.Settlement) error {
	for _, r := range done.SetAside {
		fmt.Fprintf(s.out, "set aside  %s  %s: %s\n", r.Channel, r.Value, r.Reason)
	}
	if done.Unpayable != "" && done.DryRun {
		fmt.Fprintf(s.out, "would not be transferred: %s\n", done.Unpayable)
	}
	if done.KeptBack > 0 {
		fmt.Fprintf(s.out, "%s were charged last to channels in use, and are claimed later; --all claims them now\n", done.KeptBack)
	}
	if len(done.Batches) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing to settle")
		return err
	}
	for _, part := range done.Deployments {
		if len(part.Batches) > 0 {
			fmt.Fprintln(s.out, total(part))
		}
	}
	_, err := fmt.Fprintln(s.out, total(done))
	return err
}

// total is what was settled in a line. Gas that was paid in several coins has no cost
// in one of them.
func total(done settle.Settlement) string {
	line := fmt.Sprintf("%s%d channels, claimed %s, settled %s, %d gas", at(done.Deployment), done.Channels, done.Claimed, done.Settled, done.GasUsed)
	if done.DryRun {
		line = fmt.Sprintf("%swould claim %s of %d channels, for about %d gas", at(done.Deployment), done.Claimed, done.Channels, done.GasUsed)
	}
	switch {
	case done.Cost != nil:
		line += ", " + ui.Cost(done.Cost, done.CostUSDC)
	case done.CostUSDC != nil:
		line += ", " + done.CostUSDC.String()
	}
	return line
}

// at begins a line about one deployment of several.
func at(deployment string) string {
	if deployment == "" {
		return ""
	}
	return deployment + ": "
}
