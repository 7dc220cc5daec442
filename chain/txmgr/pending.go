package txmgr

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// Pending is a transaction on its way.
type Pending struct {
	// ChainID is the EIP-155 chain id.
	ChainID uint64 `json:"chainId"`
	Nonce   uint64 `json:"nonce"`
	// Tx is the one that was sent last under this nonce.
	Tx common.Hash `json:"tx"`
	// Label says what it does.
	Label string `json:"label"`
	// MaxFee and Tip are wei per gas, Gas is the limit in gas units.
	MaxFee *big.Int `json:"maxFeePerGas"`
	Tip    *big.Int `json:"maxPriorityFeePerGas"`
	Gas    uint64   `json:"gas"`
	// Since is when this process first sent it or took it up; zero if none has.
	Since time.Time `json:"since,omitzero"`
}

// Underway is the transaction that does the call with this key, the newest where it was sent
// again, and false where none is on its way.
func (s *Sender) Underway(key string) (common.Hash, bool) {
	s.sending.Lock()
	defer s.sending.Unlock()
	f := s.keyed[key]
	if f == nil {
		return common.Hash{}, false
	}
	return f.latest.Load().Hash(), true
}

// Pending returns the transactions that are on their way, by nonce.
func (s *Sender) Pending() []Pending {
	s.sending.Lock()
	defer s.sending.Unlock()
	all := make([]Pending, 0, len(s.flights))
	for _, f := range s.flights {
		all = append(all, f.pending())
	}
	slices.SortFunc(all, func(a, b Pending) int { return cmp.Compare(a.Nonce, b.Nonce) })
	return all
}

func (f *flight) pending() Pending {
	tx := f.latest.Load()
	return Pending{
		ChainID: tx.ChainId().Uint64(), Nonce: f.nonce, Tx: tx.Hash(), Label: f.Label, MaxFee: tx.GasFeeCap(), Tip: tx.GasTipCap(), Gas: tx.Gas(), Since: f.since,
	}
}

// Idle waits until every transaction that is on its way now has landed. How each
// one ended is its own caller's to learn.
func (s *Sender) Idle(ctx context.Context) error {
	s.sending.Lock()
	flights := make([]*flight, 0, len(s.flights))
	for _, f := range s.flights {
		flights = append(flights, f)
	}
	s.sending.Unlock()
	for _, f := range flights {
		select {
		case <-f.landed:
		case <-ctx.Done():
			return fmt.Errorf("transaction %s is still on its way: %w", f.first, context.Cause(ctx))
		}
	}
	return nil
}

// order is what a person asks of a flight.
type order struct {
	cancel bool
	done   chan error
}

// SpeedUp sends a transaction again with fees at least a quarter higher, whatever
// the limits per gas. Errors wrap [ErrNotPending], [ErrClosed] or those of [Sender.Send].
func (s *Sender) SpeedUp(ctx context.Context, nonce uint64) error {
	return s.command(ctx, nonce, order{done: make(chan error, 1)})
}

// Cancel sends an empty transaction in the place of one on its way. Whichever is
// mined first counts: if it is the empty one, whoever waits for the other gets
// [ErrCancelled]. Errors are those of [Sender.SpeedUp].
func (s *Sender) Cancel(ctx context.Context, nonce uint64) error {
	return s.command(ctx, nonce, order{cancel: true, done: make(chan error, 1)})
}

func (s *Sender) command(ctx context.Context, nonce uint64, o order) error {
	s.sending.Lock()
	f := s.flights[nonce]
	s.sending.Unlock()
	if f == nil {
		return fmt.Errorf("%w: nonce %d of %s; `chit tx list` shows those there are", ErrNotPending, nonce, s.Address())
	}
	select {
	case f.orders <- o:
	case <-f.landed:
		return fmt.Errorf("%w: nonce %d of %s has landed", ErrNotPending, nonce, s.Address())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// obey carries out an order in the flight's own goroutine.
func (s *Sender) obey(ctx context.Context, f *flight, o order) error {
	if o.cancel {
		return s.bump(ctx, f, s.nothing(f.nonce), nil)
	}
	return s.bump(ctx, f, f.newest(), nil)
}

// transferGas is what a plain transfer costs, in gas units.
const transferGas = 21_000

// nothing is a transaction that only uses a nonce up.
func (s *Sender) nothing(nonce uint64) *types.Transaction {
	return s.transaction(nonce, transferGas, s.Address(), nil, new(big.Int), new(big.Int))
}

// isCancelledBy reports whether a transaction of the flight is not its call.
func (f *flight) isCancelledBy(hash common.Hash) bool {
	for _, tx := range f.txs {
		if tx.Hash() == hash {
			return *tx.To() != f.To || len(tx.Data()) != len(f.Data)
		}
	}
	return false
}

// isHurried reports whether a flight, or one that has to wait for it, is urgent.
func (s *Sender) isHurried(f *flight) bool {
	s.sending.Lock()
	defer s.sending.Unlock()
	for _, other := range s.flights {
		if other.Urgent && other.nonce >= f.nonce {
			return true
		}
	}
	return false
}

// raise sends a flight again if it is stuck, and reports whether it was. One that an
// urgent call waits for is stuck sooner, and has no limit of its own.
func (s *Sender) raise(ctx context.Context, f *flight, sent time.Time) bool {
	patience, limit := s.stuckAfter, s.limit(f.Call)
	if s.isHurried(f) {
		patience, limit = s.stuckAfter/3, s.maxFee
	}
	if time.Since(sent) <= patience {
		return false
	}
	s.fillGap(ctx, f, limit)
	_ = s.bump(ctx, f, f.newest(), limit) // no loss: the next turn tries again
	return true
}

// fillGap uses up the nonce that the chain waits for if nothing of this sender has
// it: a chain that was rewound may have lost transactions that landed before, and
// those behind them would wait forever. What was lost is not sent again here, since
// that could make it happen twice. It pays no more than what waits may, limit per gas.
func (s *Sender) fillGap(ctx context.Context, f *flight, limit *big.Int) {
	mined, pending, err := s.client.Nonces(ctx, s.Address())
	if err != nil || pending != mined || pending >= f.nonce {
		return
	}
	s.sending.Lock()
	defer s.sending.Unlock()
	if s.closed || s.flights[pending] != nil {
		return
	}
	call := Call{To: s.Address(), Label: "fill a gap in the nonces", MaxFee: limit, MaxCost: f.MaxCost}
	tip, fee, err := s.fees(ctx, call, transferGas)
	if err != nil {
		return
	}
	filler, err := s.signer.SignTx(ctx, s.transaction(pending, transferGas, call.To, nil, tip, fee), s.client.ChainID())
	if err != nil {
		return
	}
	gap := newFlight(call, filler)
	if err := s.journal.Put(gap.journalKey(), gap.encode()); err != nil {
		return
	}
	_ = s.client.Broadcast(ctx, filler) // dropped or refused: its flight tries again
	s.follow(gap)
}
