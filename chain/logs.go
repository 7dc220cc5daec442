package chain

import (
	"context"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
)

// Logs returns the logs that match a query, in the order of the chain. Endpoints
// limit how many blocks and logs one query may cover; a query that is too large is
// refused and must be split.
func (c *Client) Logs(ctx context.Context, query ethereum.FilterQuery) ([]types.Log, error) {
	return ask(ctx, c, "read logs", func(ctx context.Context, e *ethclient.Client) ([]types.Log, error) {
		return e.FilterLogs(ctx, query)
	})
}
