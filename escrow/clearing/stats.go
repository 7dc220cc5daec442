package clearing

import (
	"errors"
	"math/big"
	"sync"
	"sync/atomic"

	"github.com/ethereum/go-ethereum/core/types"
)

// errEnough ends a walk over the store.
var errEnough = errors.New("enough")

// Stats is what a house has done since it was opened, and what it is at.
type Stats struct {
	// Waiting is how many payments wait to be sent, Resting how many of those that the chain
	// has refused are tried again, and InFlight how many are being sent in so many Transactions.
	Waiting, Resting, InFlight, Transactions int
	// Settled and Failed are payments with an outcome, Rejected how often one was refused, and Reorged
	// how many were taken back by a reorganization.
	Settled, Failed, Rejected, Reorged uint64
	// Sent is how many transactions were mined, Gas what they used, in gas units, and Fee what
	// that cost, in wei.
	Sent, Gas uint64
	Fee       *big.Int
}

// tally counts.
type tally struct {
	settled, failed, rejected, reorged, sent, gas atomic.Uint64

	mu  sync.Mutex // guards what follows
	fee big.Int
}

// spend counts a mined transaction.
func (t *tally) spend(receipt *types.Receipt) {
	t.sent.Add(1)
	t.gas.Add(receipt.GasUsed)
	if receipt.EffectiveGasPrice == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fee.Add(&t.fee, new(big.Int).Mul(receipt.EffectiveGasPrice, new(big.Int).SetUint64(receipt.GasUsed)))
}

func (t *tally) cost() *big.Int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return new(big.Int).Set(&t.fee)
}

// Stats returns the figures of now.
func (h *House) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{
		Resting: h.resting, Transactions: len(h.loads),
		Settled: h.tally.settled.Load(), Failed: h.tally.failed.Load(), Rejected: h.tally.rejected.Load(), Reorged: h.tally.reorged.Load(),
		Sent: h.tally.sent.Load(), Gas: h.tally.gas.Load(), Fee: h.tally.cost(),
	}
	for l := range h.loads {
		s.InFlight += len(l.rows)
	}
	s.Waiting = max(h.open-s.InFlight, 0)
	return s
}
