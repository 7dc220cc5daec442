package escrow

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
)

// Collectors are the contracts that pull a deposit into an escrow; a zero address
// is none.
type Collectors struct {
	// EIP3009 pulls by receiveWithAuthorization, Permit2 by a witnessed permit, Transfer by a plain allowance.
	EIP3009, Permit2, Transfer common.Address
}

// Addresses are an escrow and its collectors.
type Addresses struct {
	Escrow     common.Address
	Collectors Collectors
}

// Canonical is the x402 escrow that is deployed on public chains, with its collectors.
var Canonical = Addresses{
	Escrow: common.HexToAddress("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"),
	Collectors: Collectors{
		EIP3009: common.HexToAddress("0x4020806089470a89826cB9fB1f4059150b550004"),
		Permit2: common.HexToAddress("0x4020425FAf3B746C082C2f942b4E5159887B0005"),
	},
}

// Own is our escrow with its collectors. The addresses follow from the bytecode
// that this program embeds (CREATE2, EIP-1014), the same on every chain.
var Own = Addresses{
	Escrow: abigen.EscrowDeployment.Address,
	Collectors: Collectors{
		EIP3009:  abigen.Erc3009CollectorDeployment.Address,
		Permit2:  abigen.Permit2CollectorDeployment.Address,
		Transfer: abigen.TransferCollectorDeployment.Address,
	},
}

// Trusted returns the escrow at an address with its collectors if a payer may pay
// into it: the canonical one, our own when the code there hashes to the embedded
// bytecode, or one that the payer's owner pinned. Anything else is refused with an
// error that wraps [ErrUntrusted].
func Trusted(ctx context.Context, client *chain.Client, address common.Address, pinned ...Addresses) (Addresses, error) {
	for _, p := range pinned {
		if p.Escrow == address {
			return p, nil
		}
	}
	switch address {
	case Canonical.Escrow:
		return Canonical, nil
	case Own.Escrow:
		return Own, checkCode(ctx, client, abigen.EscrowDeployment)
	}
	return Addresses{}, fmt.Errorf("%w: %s is neither the canonical escrow %s nor chit's own %s; if you trust it, pin it in your profile",
		ErrUntrusted, address, Canonical.Escrow, Own.Escrow)
}

func checkCode(ctx context.Context, client *chain.Client, d abigen.Deployment) error {
	code, err := client.Code(ctx, d.Address)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Name, err)
	}
	if len(code) == 0 {
		return fmt.Errorf("%w for %s at %s on %s: run `chit deploy`", chain.ErrNoContract, d.Name, d.Address, client.Network())
	}
	if hash := crypto.Keccak256Hash(code); hash != d.RuntimeCodeHash {
		return fmt.Errorf("%w: the code of %s at %s hashes to %s, this program embeds %s", ErrUntrusted, d.Name, d.Address, hash, d.RuntimeCodeHash)
	}
	return nil
}
