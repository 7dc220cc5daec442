package devnet

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/escrow"
)

// PlaceCanonical puts our code at the addresses of the canonical deployment, where
// stock clients look for theirs.
func (n *Net) PlaceCanonical(ctx context.Context) error {
	code, err := n.Client.Code(ctx, escrow.Own.Escrow)
	if err != nil {
		return err
	}
	if err := n.SetCode(ctx, escrow.Canonical.Escrow, code); err != nil {
		return err
	}
	for at, bin := range map[common.Address]string{
		escrow.Canonical.Collectors.EIP3009: abigen.Erc3009CollectorMetaData.Bin,
		escrow.Canonical.Collectors.Permit2: abigen.Permit2CollectorMetaData.Bin,
	} {
		// The collector keeps its escrow's address in its code.
		init := append(common.FromHex(bin), common.LeftPadBytes(escrow.Canonical.Escrow[:], 32)...)
		made, _, err := n.admin.Create2(ctx, abigen.Deployer, abigen.Salt, init, "deploy a collector")
		if err != nil {
			return err
		}
		if code, err = n.Client.Code(ctx, made); err != nil {
			return err
		}
		if err := n.SetCode(ctx, at, code); err != nil {
			return err
		}
	}
	return nil
}

// SetCode puts code at an address.
func (n *Net) SetCode(ctx context.Context, at common.Address, code []byte) error {
	return n.Control(ctx, "anvil_setCode", at, hexutil.Bytes(code))
}

// Control sends anvil a command of its own.
func (n *Net) Control(ctx context.Context, method string, args ...any) error {
	client, err := rpc.DialContext(ctx, n.Anvil.URL())
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer client.Close()
	if err := client.CallContext(ctx, nil, method, args...); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}
