package money

import (
	"fmt"
	"io"

	"github.com/ethereum/go-ethereum/common"
	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/vouchers"
)

// approveCommand is `chit wallet approve`.
func approveCommand() *cli.Command {
	return &cli.Command{
		Name: "approve", Usage: "let Permit2 move exactly so much of the payer's token", ArgsUsage: "AMOUNT",
		Description: "Some servers take Permit2 and send no permit of the token: what is paid to them has to be approved before. It is a\n" +
			"transaction of the payer, who pays its gas. AMOUNT, in USDC, takes the place of what was approved; 0 takes that back.",
		Flags: []cli.Flag{command.TokenFlag, command.YesFlag, command.JSONFlag}, Action: approve,
	}
}

// approved is what --json prints.
type approved struct {
	Amount vouchers.Amount `json:"amount"`
	Tx     common.Hash     `json:"tx"`
}

func approve(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	amount, err := vouchers.ParseAmount(c.Args().First())
	if err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	key, err := p.PayerKey(command.Passphrase(c))
	if err != nil {
		return err
	}
	client, err := command.Dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := command.Confirm(c, fmt.Sprintf("Let Permit2 move %s of %s?", amount, key.Address())); err != nil {
		return err
	}
	a := approved{Amount: amount}
	if a.Tx, err = treasury.ApprovePermit2(c.Context, client, key, p.TokenAddress(), amount); err != nil {
		return err
	}
	return command.Print(c, a, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "Permit2 may move %s, and no more\ntransaction %s\n", a.Amount, a.Tx)
		return err
	})
}
