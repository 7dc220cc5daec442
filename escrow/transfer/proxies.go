package transfer

import (
	"context"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
)

// Proxies says which of the standard's proxies of Permit2 a chain has.
type Proxies struct{ Exact, Upto bool }

// FindProxies asks a chain for them. Without Permit2 there is neither.
func FindProxies(ctx context.Context, client *chain.Client) (there Proxies, err error) {
	has := func(contract common.Address) bool {
		code, failed := client.Code(ctx, contract)
		err = errors.Join(err, failed)
		return len(code) > 0
	}
	if !has(funding.Permit2) {
		return Proxies{}, err
	}
	return Proxies{has(ExactProxy), has(UptoProxy)}, err
}
