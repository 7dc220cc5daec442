// Package local runs a chain on this machine to try chit on: with USDC, the escrow and
// funded accounts, and a profile that names them.
package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/cmd/chit/internal/profile"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/vouchers"
)

const (
	// Profile is the name of the profile that is written.
	Profile = "dev"

	funds = vouchers.Amount(1_000_000_000) // 1,000 USDC
)

// Run runs the chain until the context ends, and says each step. The chain is new each time:
// what an earlier one left in the profile's data is removed.
func Run(ctx context.Context, home profile.Home, port int, say func(format string, args ...any)) (err error) {
	if err := clearData(home); err != nil {
		return err
	}
	net, err := devnet.Start(ctx, port, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.Stop()) }()
	payer := keys.Dev(devnet.Payer).Address()
	if err := net.Mint(ctx, payer, funds); err != nil {
		return err
	}
	say("payer %s has %s", payer, funds)
	if err := home.Save(Profile, profileOf(net)); err != nil {
		return err
	}
	say("profile %q is ready; Ctrl-C ends the chain\n\nin a second terminal:  chit serve\nin a third:            chit deposit 20\n                       chit call hash text=hello\n                       chit settle", Profile)
	select {
	case <-ctx.Done():
		say("stopping the chain")
		return nil
	case <-net.Anvil.Done():
		return errors.New("anvil ended by itself: is its port taken, or was it killed?")
	}
}

func profileOf(net *devnet.Net) profile.Profile {
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

// clearData removes what belongs to a chain that is gone, unless a server is
// still at work on it.
func clearData(home profile.Home) error {
	dir, err := home.Data(Profile)
	if err != nil {
		return err
	}
	if _, err := operate.Dial(filepath.Join(dir, profile.SocketFile)); err == nil {
		return fmt.Errorf("a server of profile %q is still running: stop `chit serve` first", Profile)
	}
	for _, name := range []string{profile.StoreFile, profile.BookFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the data of the last local chain: %w", err)
		}
	}
	return nil
}
