package chain

import (
	"context"
	"math/big"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/ethclient"
)

// The bounds of what a node may make a sender pay per gas, in wei. The chains that there
// are stay far below them.
var (
	leastTip   = gwei(3)   // is paid whatever the last blocks paid
	highestTip = gwei(500) // is never exceeded
)

func gwei(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e9)) }

// tipBlocks is how many of the last blocks say what is usual, and tipShare is which
// transaction of each: nine of ten paid less.
const (
	tipBlocks = 20
	tipShare  = 90
)

// SuggestedTip returns the priority fee per gas that the endpoint suggests, in wei, but
// no more than twice what the last blocks paid: a node may not make it up.
func (c *Client) SuggestedTip(ctx context.Context) (*big.Int, error) {
	tip, err := ask(ctx, c, "read the priority fee", func(ctx context.Context, e *ethclient.Client) (*big.Int, error) {
		return e.SuggestGasTipCap(ctx)
	})
	if err != nil || tip.Cmp(leastTip) <= 0 {
		return tip, err
	}
	usual, err := c.usualTip(ctx)
	if err != nil {
		return nil, err
	}
	return lowest(tip, highest(leastTip, new(big.Int).Lsh(usual, 1)), highestTip), nil
}

// GasPrice returns the gas price that the endpoint suggests, in wei.
func (c *Client) GasPrice(ctx context.Context) (*big.Int, error) {
	return ask(ctx, c, "read the gas price", func(ctx context.Context, e *ethclient.Client) (*big.Int, error) {
		return e.SuggestGasPrice(ctx)
	})
}

// usualTip is the highest of the priority fees that the last blocks paid, in wei.
func (c *Client) usualTip(ctx context.Context) (*big.Int, error) {
	history, err := ask(ctx, c, "read what the last blocks paid", func(ctx context.Context, e *ethclient.Client) (*ethereum.FeeHistory, error) {
		return e.FeeHistory(ctx, tipBlocks, nil, []float64{tipShare})
	})
	if err != nil {
		return nil, err
	}
	usual := new(big.Int)
	for _, rewards := range history.Reward {
		usual = highest(append(rewards, usual)...)
	}
	return usual, nil
}

func lowest(all ...*big.Int) *big.Int {
	least := all[0]
	for _, n := range all[1:] {
		if n.Cmp(least) < 0 {
			least = n
		}
	}
	return least
}

func highest(all ...*big.Int) *big.Int {
	most := all[0]
	for _, n := range all[1:] {
		if n.Cmp(most) > 0 {
			most = n
		}
	}
	return most
}
