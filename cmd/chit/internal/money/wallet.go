package money

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
	"github.com/chitpay/chit/escrow/funding"
)

// Wallet is `chit wallet`.
func Wallet() *cli.Command {
	return &cli.Command{
		Name:  "wallet",
		Usage: "make and list encrypted key files, and say what Permit2 may move",
		Subcommands: []*cli.Command{
			{Name: "new", Usage: "make a key file, encrypted with a passphrase", Flags: []cli.Flag{command.JSONFlag}, Action: walletNew},
			{
				Name: "import", Usage: "keep a private key, or a key file, in the keystore", ArgsUsage: "FILE|-",
				Description: "FILE, or standard input for -, holds 64 hex digits or an encrypted key file.\nA key is never taken from the command line, where others can see it.",
				Flags:       []cli.Flag{command.JSONFlag}, Action: walletImport,
			},
			{Name: "list", Usage: "list the key files", Flags: []cli.Flag{command.TokenFlag, command.JSONFlag, balancesFlag}, Action: walletList},
			{Name: "address", Usage: "print the address of the profile's payer", Flags: []cli.Flag{command.JSONFlag}, Action: walletAddress},
			approveCommand(),
		},
	}
}

func walletNew(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	secret, err := keys.ReadNewPassphrase(c.String(command.PassphraseFileFlag.Name))
	if err != nil {
		return err
	}
	made, err := home.Wallet().Create(secret)
	if err != nil {
		return err
	}
	return command.Print(c, made, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nkept in %s\nback this file up: without it and its passphrase the money is gone\n", made.Address, made.Path)
		return err
	})
}

// maxKeyFile is the longest key file that is read, in bytes.
const maxKeyFile = 64 << 10

func walletImport(c *cli.Context) error {
	if err := command.WantArgs(c, 1, 1); err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	text, err := command.ReadInput(c.Args().First(), maxKeyFile)
	if err != nil {
		return err
	}
	secret, err := keys.ReadNewPassphrase(c.String(command.PassphraseFileFlag.Name))
	if err != nil {
		return err
	}
	kept, err := home.Wallet().Import(text, secret)
	if err != nil {
		return err
	}
	return command.Print(c, kept, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nkept in %s\n", kept.Address, kept.Path)
		return err
	})
}

var balancesFlag = &cli.BoolFlag{Name: "balances", Usage: "show what each has on the profile's chain, outside of channels"}

func walletList(c *cli.Context) error {
	if c.Bool(balancesFlag.Name) {
		return command.WithChain(c, func(p *profile.Profile, client *chain.Client) error { return walletBalances(c, p, client) })
	}
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	files, err := home.Wallet().List()
	if err != nil {
		return err
	}
	return command.Print(c, files, func(w io.Writer) error {
		rows := make([][]string, len(files))
		for i, f := range files {
			rows[i] = []string{f.Address.Hex(), f.Path}
		}
		return ui.Table(w, []string{"ADDRESS", "FILE"}, rows)
	})
}

func walletBalances(c *cli.Context, p *profile.Profile, client *chain.Client) error {
	token, err := funding.ReadToken(c.Context, client, p.TokenAddress())
	if err != nil {
		return err
	}
	all, err := p.Home().Wallet().Balances(c.Context, client, token)
	if err != nil {
		return err
	}
	return command.Print(c, all, func(w io.Writer) error {
		rows := make([][]string, len(all))
		for i, h := range all {
			rows[i] = []string{h.Address.Hex(), h.Balance.Decimal(), h.Path}
		}
		return ui.Table(w, []string{"ADDRESS", "BALANCE", "FILE"}, rows)
	})
}

func walletAddress(c *cli.Context) error {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := command.Profile(c)
	if err != nil {
		return err
	}
	address, err := p.PayerAddress()
	if err != nil {
		return err
	}
	if c.Bool(command.JSONFlag.Name) {
		return ui.JSON(c.App.Writer, map[string]string{"address": address.Hex()})
	}
	_, err = fmt.Fprintln(c.App.Writer, address)
	return err
}
