package chain

import (
	"context"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// maxRange is how many blocks one query for logs covers at most.
const maxRange = 2_000

// LogScan is a look at a contract's logs in a range of blocks, both ends included.
type LogScan struct {
	Contract common.Address
	From, To uint64
	Topics   [][]common.Hash
	// Take gets the logs, in the order of the chain.
	Take func(*types.Log)
	// Reached is told after each query up to which block that was.
	Reached func(block uint64) error
	// Crowded is for a single block whose logs the endpoint does not give.
	Crowded func(block uint64, refusal error) error
}

// EachLog looks at a contract's logs. A range that the endpoint refuses, or does not
// answer, is halved; what it refuses is remembered in the span.
func (c *Client) EachLog(ctx context.Context, span *Span, s LogScan) error {
	size := span.size()
	for from := s.From; from <= s.To; {
		end := min(s.To, from+size-1)
		logs, err := c.Logs(ctx, ethereum.FilterQuery{
			FromBlock: new(big.Int).SetUint64(from), ToBlock: new(big.Int).SetUint64(end),
			Addresses: []common.Address{s.Contract}, Topics: s.Topics,
		})
		refused := errors.Is(err, ErrQuery)
		switch {
		case err == nil:
			for i := range logs {
				s.Take(&logs[i])
			}
			span.took(end - from + 1)
		case ctx.Err() != nil, end == from && !refused:
			return err
		case end == from:
			span.forget() // it was not about the range
			if err := s.Crowded(from, err); err != nil {
				return err
			}
		case refused:
			span.refused(end - from + 1)
			size = span.size()
			continue
		default:
			size = (end - from + 1) / 2
			continue
		}
		if err := s.Reached(end); err != nil {
			return err
		}
		from, size = end+1, span.size()
	}
	return nil
}

// Span remembers how many blocks an endpoint lets one query for logs cover. The zero value
// knows nothing yet. It is safe for concurrent use.
type Span struct {
	mu      sync.Mutex // guards what follows
	good    uint64     // the most that it has answered
	bad     uint64     // the least that it has refused; 0 if there is none
	learned time.Time  // when it refused last
}

// relearn is after how long a refusal is forgotten: endpoints change.
const relearn = time.Hour

// size is how many blocks to ask for.
func (s *Span) size() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bad == 0 || time.Since(s.learned) > relearn:
		return maxRange
	case s.bad-s.good <= 1:
		return s.good
	}
	return max((s.good+s.bad)/2, 1)
}

func (s *Span) took(blocks uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.good = max(s.good, blocks)
	if s.good >= s.bad {
		s.bad = 0
	}
}

func (s *Span) refused(blocks uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad, s.learned = blocks, time.Now()
	if s.good >= blocks {
		s.good = 0
	}
}

func (s *Span) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.good, s.bad = 0, 0
}
