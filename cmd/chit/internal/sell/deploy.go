package sell

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/operate"
)

// Deploy is `chit deploy`.
func Deploy() *cli.Command {
	return &cli.Command{
		Name:   "deploy",
		Usage:  "put the escrow and its collectors on the profile's chain, or recognise them there",
		Flags:  []cli.Flag{command.JSONFlag},
		Action: deploy,
	}
}

func deploy(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	key, err := p.SellerKey(command.Passphrase(c))
	if err != nil {
		return err
	}
	client, err := command.Dial(c.Context, p)
	if err != nil {
		return err
	}
	defer client.Close()
	deployed, err := operate.Deploy(c.Context, client, key)
	if err != nil {
		return err
	}
	return command.Print(c, deployed, func(w io.Writer) error {
		rows := make([][]string, len(deployed))
		for i, d := range deployed {
			rows[i] = []string{d.Name, d.Address.Hex(), "was there"}
			if d.GasUsed > 0 {
				rows[i][2] = d.Tx.Hex()
			}
		}
		return ui.Table(w, []string{"CONTRACT", "ADDRESS", "TRANSACTION"}, rows)
	})
}

// VerifyDeployment is `chit verify-deployment`.
func VerifyDeployment() *cli.Command {
	return &cli.Command{
		Name:   "verify-deployment",
		Usage:  "compare the contracts on the profile's chain with the bytecode in this program",
		Action: func(c *cli.Context) error { return command.WithChain(c, verifyDeployment(c)) },
	}
}

func verifyDeployment(c *cli.Context) func(*profile.Profile, *chain.Client) error {
	return func(_ *profile.Profile, client *chain.Client) error {
		if err := escrow.VerifyDeployment(c.Context, client); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c.App.Writer, "the escrow %s and its collectors are what this program embeds\n", escrow.Own.Escrow)
		return err
	}
}
