package treasury

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// StateOf asks every endpoint for a channel's state. Those that do not answer are left
// out, as long as one does.
func StateOf(ctx context.Context, client *chain.Client, address common.Address, config vouchers.ChannelConfig) (state vouchers.ChainState, err error) {
	var silent []error
	answered := ""
	for _, one := range client.Apart() {
		contract := escrow.At(one, address)
		said, err := contract.State(ctx, config, 1)
		switch {
		case err != nil:
			silent = append(silent, err)
		case answered == "":
			state, answered = said, one.Endpoint()
		case said.Balance != state.Balance || said.Claimed != state.Claimed:
			return state, fmt.Errorf("%w: %s says that channel %s has %s with %s claimed, %s says %s with %s; ask again in a moment, and take the one that lies out of the configuration",
				policy.ErrTerms, answered, contract.Domain().ChannelID(config), state.Balance, state.Claimed, one.Endpoint(), said.Balance, said.Claimed)
		}
	}
	if answered == "" {
		return state, errors.Join(silent...)
	}
	return state, nil
}
