package main

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/operate"
	"github.com/urfave/cli/v2"
)

func reconcileCommand() *cli.Command {
	return &cli.Command{
		Name:   "reconcile",
		Usage:  "compare every channel with the chain, explain what differs, and take over the chain's word",
		Flags:  []cli.Flag{jsonFlag, storeFlag},
		Action: reconcile,
	}
}

func reconcile(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := place(c)
	if err != nil {
		return err
	}
	found, err := shop.Reconcile(c.Context)
	if err != nil {
		return err
	}
	return print(c, found, func(w io.Writer) error {
		for _, d := range found.Differences {
			fmt.Fprintf(w, "%s  %s: the ledger had %s, the chain has %s: %s\n", d.Channel, d.What, d.Ledger, d.Chain, d.Because)
			if d.Lost > 0 {
				fmt.Fprintf(w, "%s  lost: %s that payer %s was charged\n", d.Channel, d.Lost, d.Payer)
			}
		}
		for _, stop := range found.Stopped {
			fmt.Fprintln(w, stopLine(stop))
		}
		_, err := fmt.Fprintf(w, "%d channels compared, %d differences\n", found.Channels, len(found.Differences))
		return err
	})
}

func withdrawalsCommand() *cli.Command {
	return &cli.Command{
		Name:   "withdrawals",
		Usage:  "list the payers that are taking money out without asking, the earliest deadline first",
		Flags:  []cli.Flag{jsonFlag, storeFlag},
		Action: withdrawals,
	}
}

func withdrawals(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := place(c)
	if err != nil {
		return err
	}
	pending, err := shop.Withdrawals(c.Context)
	if err != nil {
		return err
	}
	return print(c, pending, func(w io.Writer) error {
		rows := make([][]string, len(pending))
		for i, p := range pending {
			rows[i] = []string{
				ui.Short(p.Channel.Hex()), shortAddress(p.Payer), p.Amount.Decimal(), p.Claimable.Decimal(), p.AtRisk.Decimal(), withdrawal(p.WithdrawAfter),
			}
		}
		return ui.Table(w, []string{"CHANNEL", "PAYER", "WITHDRAWS", "CLAIMABLE", "AT RISK", "DEADLINE"}, rows)
	})
}

var chainFlag = &cli.Uint64Flag{Name: "chain", Usage: "the id of the chain, where transactions of several have the nonce"}

func txCommand() *cli.Command {
	return &cli.Command{
		Name:  "tx",
		Usage: "look after the seller's transactions that are on their way",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list them", Flags: []cli.Flag{jsonFlag, storeFlag}, Action: txList},
			{Name: "speedup", Usage: "send one again with a higher fee", ArgsUsage: "NONCE", Flags: []cli.Flag{chainFlag, storeFlag}, Action: onNonce("sped up", operate.Place.SpeedUp)},
			{Name: "cancel", Usage: "send an empty one in its place", ArgsUsage: "NONCE", Flags: []cli.Flag{chainFlag, storeFlag}, Action: onNonce("cancelled unless it is mined first:", operate.Place.Cancel)},
		},
	}
}

func txList(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	shop, err := place(c)
	if err != nil {
		return err
	}
	pending, err := shop.Transactions(c.Context)
	if err != nil {
		return err
	}
	return print(c, pending, func(w io.Writer) error {
		rows := make([][]string, len(pending))
		for i, tx := range pending {
			rows[i] = []string{strconv.FormatUint(tx.ChainID, 10), strconv.FormatUint(tx.Nonce, 10), tx.Tx.Hex(), inGwei(tx), strconv.FormatUint(tx.Gas, 10), age(tx), tx.Label}
		}
		return ui.Table(w, []string{"CHAIN", "NONCE", "TRANSACTION", "MAX GWEI", "GAS", "AGE", "WHAT"}, rows)
	})
}

func inGwei(tx txmgr.Pending) string {
	gwei, _ := new(big.Rat).SetFrac(tx.MaxFee, big.NewInt(1e9)).Float64()
	return strconv.FormatFloat(gwei, 'f', 3, 64)
}

func age(tx txmgr.Pending) string {
	if tx.Since.IsZero() {
		return "-"
	}
	return time.Since(tx.Since).Round(time.Second).String()
}

func onNonce(did string, do func(at operate.Place, ctx context.Context, chainID, nonce uint64) error) cli.ActionFunc {
	return func(c *cli.Context) error {
		if err := wantArgs(c, 1, 1); err != nil {
			return err
		}
		nonce, err := strconv.ParseUint(c.Args().First(), 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %q is not a nonce; `chit tx list` shows them", errUsage, c.Args().First())
		}
		shop, err := place(c)
		if err != nil {
			return err
		}
		if err := do(shop, c.Context, c.Uint64(chainFlag.Name), nonce); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.App.Writer, "%s nonce %d\n", did, nonce)
		return err
	}
}
