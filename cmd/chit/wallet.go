package main

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/cmd/chit/internal/ui"
)

func walletCommand() *cli.Command {
	return &cli.Command{
		Name:  "wallet",
		Usage: "make and list encrypted key files",
		Subcommands: []*cli.Command{
			{Name: "new", Usage: "make a key file, encrypted with a passphrase", Flags: []cli.Flag{jsonFlag}, Action: walletNew},
			{
				Name: "import", Usage: "keep a private key, or a key file, in the keystore", ArgsUsage: "FILE|-",
				Description: "FILE, or standard input for -, holds 64 hex digits or an encrypted key file.\nA key is never taken from the command line, where others can see it.",
				Flags:       []cli.Flag{jsonFlag}, Action: walletImport,
			},
			{Name: "list", Usage: "list the key files", Flags: []cli.Flag{jsonFlag}, Action: walletList},
			{Name: "address", Usage: "print the address of the profile's payer", Flags: []cli.Flag{jsonFlag}, Action: walletAddress},
		},
	}
}

func walletNew(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := openHome(c)
	if err != nil {
		return err
	}
	secret, err := chain.ReadNewPassphrase(c.String(passphraseFileFlag.Name))
	if err != nil {
		return err
	}
	made, err := chain.CreateKeystoreFile(home.Keystore(), secret)
	if err != nil {
		return err
	}
	return print(c, made, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nkept in %s\nback this file up: without it and its passphrase the money is gone\n", made.Address, made.Path)
		return err
	})
}

// maxKeyFile is the longest key file that is read, in bytes.
const maxKeyFile = 64 << 10

func walletImport(c *cli.Context) error {
	if err := wantArgs(c, 1, 1); err != nil {
		return err
	}
	home, err := openHome(c)
	if err != nil {
		return err
	}
	text, err := readInput(c.Args().First(), maxKeyFile)
	if err != nil {
		return err
	}
	secret, err := chain.ReadNewPassphrase(c.String(passphraseFileFlag.Name))
	if err != nil {
		return err
	}
	kept, err := home.ImportKey(text, secret)
	if err != nil {
		return err
	}
	return print(c, kept, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nkept in %s\n", kept.Address, kept.Path)
		return err
	})
}

func walletList(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := openHome(c)
	if err != nil {
		return err
	}
	files, err := chain.ListKeystore(home.Keystore())
	if err != nil {
		return err
	}
	if c.Bool(jsonFlag.Name) {
		return ui.JSON(c.App.Writer, files)
	}
	rows := make([][]string, len(files))
	for i, f := range files {
		rows[i] = []string{f.Address.Hex(), f.Path}
	}
	return ui.Table(c.App.Writer, []string{"ADDRESS", "FILE"}, rows)
}

func walletAddress(c *cli.Context) error {
	if err := wantArgs(c, 0, 0); err != nil {
		return err
	}
	p, err := openProfile(c)
	if err != nil {
		return err
	}
	address, err := p.PayerAddress()
	if err != nil {
		return err
	}
	if c.Bool(jsonFlag.Name) {
		return ui.JSON(c.App.Writer, map[string]string{"address": address.Hex()})
	}
	_, err = fmt.Fprintln(c.App.Writer, address)
	return err
}
