package chain

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"
)

// ErrQuery says that an endpoint does not answer a query for logs, as for one of too
// many blocks or with too many results.
var ErrQuery = errors.New("the endpoint refuses the query")

// Logs returns the logs that match a query, in the order of the chain. Endpoints
// limit how many blocks and logs one query may cover; a query that is too large is
// refused with [ErrQuery] and must be split.
func (c *Client) Logs(ctx context.Context, query ethereum.FilterQuery) ([]types.Log, error) {
	return ask(ctx, c, "read logs", func(ctx context.Context, e *ethclient.Client) ([]types.Log, error) {
		logs, err := e.FilterLogs(ctx, query)
		if err != nil && (isAnswer(err) || isTooLarge(err) || errors.Is(err, ErrLong)) {
			err = fmt.Errorf("%w: %w", ErrQuery, err)
		}
		return logs, err
	})
}

// isTooLarge tells a query's own limit from one of requests a second: both have the
// code of EIP-1474 for "limit exceeded".
func isTooLarge(err error) bool {
	var coded rpc.Error
	if !errors.As(err, &coded) {
		return false
	}
	text := strings.ToLower(err.Error())
	for _, word := range []string{"result", "range", "block", "logs", "response size"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
