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

// contract is creation bytecode with the constructor's arguments, and where its code
// is put.
type contract struct {
	name     string
	at       common.Address
	creation []byte
}

// published are the contracts of others that payments go through, at the addresses
// that wallets know: Multicall3 and Permit2 with their published code, the proxies of
// the schemes exact and upto with our stand-ins.
func published() []contract {
	return []contract{
		{"Permit2", abigen.Permit2Address, creation(abigen.Permit2MetaData.Bin)},
		{"Multicall3", abigen.Multicall3Address, creation(abigen.Multicall3MetaData.Bin)},
		{"ExactPermit2Proxy", abigen.ExactPermit2ProxyAddress, creation(abigen.ExactPermit2ProxyMetaData.Bin, abigen.Permit2Address)},
		{"UptoPermit2Proxy", abigen.UptoPermit2ProxyAddress, creation(abigen.UptoPermit2ProxyMetaData.Bin, abigen.Permit2Address)},
	}
}

// PlaceCanonical puts our code at the addresses of the canonical deployment, where
// stock clients look for theirs.
func (n *Net) PlaceCanonical(ctx context.Context) error {
	at := escrow.Canonical
	return n.place(ctx, []contract{
		{"Escrow", at.Escrow, creation(abigen.EscrowMetaData.Bin)},
		{"Erc3009Collector", at.Collectors.EIP3009, creation(abigen.Erc3009CollectorMetaData.Bin, at.Escrow)},
		{"Permit2Collector", at.Collectors.Permit2, creation(abigen.Permit2CollectorMetaData.Bin, at.Escrow)},
	})
}

// creation is creation bytecode, followed by the addresses that the constructor takes.
func creation(bin string, arguments ...common.Address) []byte {
	code := common.FromHex(bin)
	for _, a := range arguments {
		code = append(code, common.LeftPadBytes(a[:], 32)...)
	}
	return code
}

// place puts contracts at addresses that no deployment could give them. Their
// constructors run in a call, whose answer is the code; what they store is lost.
func (n *Net) place(ctx context.Context, contracts []contract) error {
	node, err := rpc.DialContext(ctx, n.Anvil.URL())
	if err != nil {
		return fmt.Errorf("place contracts: %w", err)
	}
	defer node.Close()
	codes := make([]hexutil.Bytes, len(contracts))
	build, set := make([]rpc.BatchElem, len(contracts)), make([]rpc.BatchElem, len(contracts))
	for i, c := range contracts {
		build[i] = rpc.BatchElem{Method: "eth_call", Args: []any{map[string]any{"data": hexutil.Bytes(c.creation)}, "latest"}, Result: &codes[i]}
		set[i] = rpc.BatchElem{Method: "anvil_setCode", Args: []any{c.at, &codes[i]}, Result: new(any)}
	}
	for _, batch := range [][]rpc.BatchElem{build, set} {
		if err := node.BatchCallContext(ctx, batch); err != nil {
			return fmt.Errorf("place contracts: %w", err)
		}
		for i, c := range contracts {
			if batch[i].Error != nil {
				return fmt.Errorf("place %s at %s: %s: %w", c.name, c.at, batch[i].Method, batch[i].Error)
			}
			if len(codes[i]) == 0 {
				return fmt.Errorf("place %s at %s: its constructor gives no code", c.name, c.at)
			}
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
