package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/cmd/chit/internal/command"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers"
)

const (
	devProfile = "dev"
	devFunds   = vouchers.Amount(1_000_000_000) // 1,000 USDC
)

func devCommand() *cli.Command {
	return &cli.Command{
		Name:  "dev",
		Usage: "run a local chain with USDC, escrow and funded accounts until Ctrl-C",
		Description: "Starts anvil, deploys the contracts, funds a payer and writes the profile \"dev\".\n" +
			"The chain is new each time, so what an earlier one left in the profile's data is removed.",
		Flags:  []cli.Flag{&cli.IntFlag{Name: "port", Value: 8545, Usage: "port of the chain's JSON-RPC on 127.0.0.1"}},
		Action: dev,
	}
}

func dev(c *cli.Context) (err error) {
	if err := command.WantArgs(c, 0, 0); err != nil {
		return err
	}
	home, err := command.Home(c)
	if err != nil {
		return err
	}
	if err := clearDevData(home); err != nil {
		return err
	}
	say := func(format string, args ...any) { fmt.Fprintf(c.App.Writer, format+"\n", args...) }
	net, err := devnet.Start(c.Context, c.Int("port"), say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	payer := keys.Dev(devnet.Payer).Address()
	if err := net.Mint(c.Context, payer, devFunds); err != nil {
		return err
	}
	say("payer %s has %s", payer, devFunds)
	if err := home.Save(devProfile, devProfileOf(net)); err != nil {
		return err
	}
	say("profile %q is ready; Ctrl-C ends the chain\n\nin a second terminal:  chit serve\nin a third:            chit deposit 20\n                       chit call hash text=hello\n                       chit settle", devProfile)
	select {
	case <-c.Context.Done():
		say("stopping the chain")
		return nil
	case <-net.Anvil.Done():
		return errors.New("anvil ended by itself: is its port taken, or was it killed?")
	}
}

func devProfileOf(net *devnet.Net) profile.Profile {
	return profile.Profile{
		RPC:           net.Anvil.URL(),
		ChainID:       net.Client.ChainID(),
		Escrow:        escrow.Own.Escrow.Hex(),
		Token:         net.Token.Hex(),
		Server:        "http://127.0.0.1:8402/mcp",
		Listen:        "127.0.0.1:8402",
		PayTo:         keys.Dev(devnet.Receiver).Address().Hex(),
		WithdrawDelay: vouchers.MinWithdrawDelay,
		Payer:         fmt.Sprintf("dev:%d", devnet.Payer),
		Seller:        fmt.Sprintf("dev:%d", devnet.Seller),
	}
}

// clearDevData removes what belongs to a chain that is gone, unless a server is
// still at work on it.
func clearDevData(home profile.Home) error {
	dir, err := home.Data(devProfile)
	if err != nil {
		return err
	}
	if _, err := operate.Dial(filepath.Join(dir, profile.SocketFile)); err == nil {
		return fmt.Errorf("a server of profile %q is still running: stop `chit serve` first", devProfile)
	}
	for _, name := range []string{profile.StoreFile, profile.BookFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the data of the last local chain: %w", err)
		}
	}
	return nil
}
