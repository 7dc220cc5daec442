package sell

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/server/operate"
)

var chainFlag = &cli.Uint64Flag{Name: "chain", Usage: "the id of the chain, where transactions of several have the nonce"}

// Tx is `chit tx`.
func Tx() *cli.Command {
	return &cli.Command{
		Name:  "tx",
		Usage: "look after the seller's transactions that are on their way",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list them", Flags: []cli.Flag{command.JSONFlag, command.StoreFlag}, Action: listing(operate.Place.Transactions, printTransactions)},
			{Name: "speedup", Usage: "send one again with a higher fee", ArgsUsage: "NONCE", Flags: []cli.Flag{chainFlag, command.StoreFlag}, Action: onNonce("sped up", operate.Place.SpeedUp)},
			{Name: "cancel", Usage: "send an empty one in its place", ArgsUsage: "NONCE", Flags: []cli.Flag{chainFlag, command.StoreFlag}, Action: onNonce("cancelled unless it is mined first:", operate.Place.Cancel)},
		},
	}
}

func printTransactions(w io.Writer, pending []txmgr.Pending) error {
	rows := make([][]string, len(pending))
	for i, tx := range pending {
		rows[i] = []string{strconv.FormatUint(tx.ChainID, 10), strconv.FormatUint(tx.Nonce, 10), tx.Tx.Hex(), inGwei(tx), strconv.FormatUint(tx.Gas, 10), age(tx), tx.Label}
	}
	return ui.Table(w, []string{"CHAIN", "NONCE", "TRANSACTION", "MAX GWEI", "GAS", "AGE", "WHAT"}, rows)
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
		if err := command.WantArgs(c, 1, 1); err != nil {
			return err
		}
		nonce, err := strconv.ParseUint(c.Args().First(), 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %q is not a nonce; `chit tx list` shows them", command.ErrUsage, c.Args().First())
		}
		shop, err := command.Place(c)
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
