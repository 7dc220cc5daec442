// Package devnet is a local chain with everything that a shop and its customers
// need: anvil, a USDC of its own, the escrow with its collectors, Permit2, Multicall3
// and the proxies of the schemes exact and upto at their usual addresses, and funded
// accounts. Its keys are public: nothing on it is worth anything.
package devnet

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// What the accounts of anvil's well-known mnemonic do here.
const (
	// Admin deploys the contracts and mints USDC.
	Admin = 0
	// Payer owns USDC.
	Payer = 1
	// Seller pays the gas of deposits, claims and refunds, and signs them.
	Seller = 2
	// Receiver is paid; its key is not needed for anything.
	Receiver = 3
)

// Net is a running local chain.
type Net struct {
	Anvil  *anvil.Chain
	Client *chain.Client
	// Token is the address of DevUSDC.
	Token common.Address

	admin *txmgr.Sender
}

// Start starts anvil on 127.0.0.1 (port 0 takes a free one), deploys the contracts
// and reports each step. Further arguments are anvil's own. The chain ends with
// [Net.Stop].
func Start(ctx context.Context, port int, step func(format string, args ...any), args ...string) (*Net, error) {
	anvil, err := anvil.Start(ctx, anvil.Options{Port: port, Args: args})
	if err != nil {
		return nil, err
	}
	net := &Net{Anvil: anvil}
	if err := net.deploy(ctx, step); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the local chain: %w", err), net.Stop())
	}
	return net, nil
}

func (n *Net) deploy(ctx context.Context, step func(string, ...any)) error {
	var err error
	if n.Client, err = chain.Dial(ctx, n.Anvil.URL(), chain.WithErrors(escrow.ABIs()...)); err != nil {
		return err
	}
	if n.admin, err = txmgr.NewSender(ctx, n.Client, keys.Dev(Admin)); err != nil {
		return err
	}
	step("anvil answers on %s, chain id %d", n.Anvil.URL(), n.Client.ChainID())
	deployed, err := escrow.Deploy(ctx, n.Client, n.admin)
	if err != nil {
		return err
	}
	for _, d := range deployed {
		step("%s at %s", d.Name, d.Address)
	}
	usdc := creation(abigen.DevUSDCMetaData.Bin, n.admin.Address())
	if n.Token, _, err = n.admin.Create2(ctx, abigen.Deployer, abigen.Salt, usdc, "deploy DevUSDC"); err != nil {
		return err
	}
	step("DevUSDC at %s", n.Token)
	if err := n.place(ctx, published()); err != nil {
		return err
	}
	step("Permit2, Multicall3 and the proxies of exact and upto at their usual addresses")
	return nil
}

// Mint gives an account DevUSDC.
func (n *Net) Mint(ctx context.Context, to common.Address, amount vouchers.Amount) error {
	_, err := n.admin.Send(ctx, txmgr.Call{To: n.Token, Data: abigen.NewDevUSDC().PackMint(to, amount.Big()), Label: "mint " + amount.String()})
	if err != nil {
		return fmt.Errorf("mint %s to %s: %w", amount, to, err)
	}
	return nil
}

// Blacklist makes DevUSDC refuse to move money from and to an account, as Circle can.
func (n *Net) Blacklist(ctx context.Context, account common.Address) error {
	_, err := n.admin.Send(ctx, txmgr.Call{To: n.Token, Data: abigen.NewDevUSDC().PackBlacklist(account), Label: "blacklist " + account.Hex()})
	return err
}

// UnBlacklist takes it back.
func (n *Net) UnBlacklist(ctx context.Context, account common.Address) error {
	_, err := n.admin.Send(ctx, txmgr.Call{To: n.Token, Data: abigen.NewDevUSDC().PackUnBlacklist(account), Label: "take " + account.Hex() + " off the blacklist"})
	return err
}

// Stop ends the chain.
func (n *Net) Stop() error {
	var errs []error
	if n.admin != nil {
		errs = append(errs, n.admin.Close())
	}
	if n.Client != nil {
		n.Client.Close()
	}
	return errors.Join(append(errs, n.Anvil.Stop())...)
}
