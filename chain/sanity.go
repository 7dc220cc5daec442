package chain

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/ethclient"
)

// ErrWrongAnswer says that an endpoint answered something that cannot be so: a
// receipt of another transaction, a head far behind what it was. It is asked no
// more while another endpoint answers.
var ErrWrongAnswer = errors.New("the endpoint's answer cannot be right")

// How far, in blocks, a head may be behind the highest one that was seen, and for
// how long one that is further behind is taken for an endpoint's mistake. After
// that the chain itself was rewound.
const (
	maxLag      = 64
	lagDisputed = 3 * time.Second
)

// heads remembers the highest head that any endpoint reported.
type heads struct {
	mu      sync.Mutex // guards what follows
	highest uint64
	behind  time.Time // when the first head too far behind it was seen; zero if the last one was not
}

// accept takes a head, or refuses it with [ErrWrongAnswer].
func (h *heads) accept(head uint64, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if head+maxLag >= h.highest {
		h.highest, h.behind = max(h.highest, head), time.Time{}
		return nil
	}
	if h.behind.IsZero() {
		h.behind = now
	}
	if now.Sub(h.behind) < lagDisputed {
		return fmt.Errorf("%w: block %d is its head, %d was seen before", ErrWrongAnswer, head, h.highest)
	}
	h.highest, h.behind = head, time.Time{}
	return nil
}

// receiptOf asks an endpoint for the receipt of a transaction and for no other.
func receiptOf(ctx context.Context, e *ethclient.Client, tx common.Hash) (*types.Receipt, error) {
	receipt, err := e.TransactionReceipt(ctx, tx)
	if err == nil && (receipt.TxHash != tx || receipt.BlockNumber == nil) {
		return nil, fmt.Errorf("%w: asked for the receipt of %s, it gave that of %s", ErrWrongAnswer, tx, receipt.TxHash)
	}
	return receipt, err
}

// checkChain asks an endpoint that was silent or wrong which chain it serves before
// it is believed again: a node may come back with another one.
func (c *Client) checkChain(ctx context.Context, e *endpoint) error {
	id, err := e.eth.ChainID(ctx)
	if err != nil {
		return err
	}
	if !id.IsUint64() || id.Uint64() != c.chainID {
		return fmt.Errorf("%w: %w: it serves chain id %s now, want %d", ErrWrongAnswer, ErrChainID, id, c.chainID)
	}
	e.suspect.Store(false)
	return nil
}
