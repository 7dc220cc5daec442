package txmgr

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
)

// How often the chain is asked about a transaction on its way.
const (
	firstLook = 20 * time.Millisecond
	laterLook = 2 * time.Second
)

// flight is a call on its way: one nonce, and every transaction that was signed for
// it, the newest last. Only the newest can be bumped; any of them can be mined.
type flight struct {
	Call
	nonce  uint64
	reused bool      // the nonce was this sender's before
	taken  time.Time // since when the nonce is used and no receipt is there; zero if that is not so
	first  common.Hash
	since  time.Time
	txs    []*types.Transaction // the flight's own goroutine's once it flies
	latest atomic.Pointer[types.Transaction]
	orders chan order // of people who want it sooner, or not at all

	landed  chan struct{} // closed once what follows is final
	receipt *types.Receipt
	err     error
}

func newFlight(call Call, txs ...*types.Transaction) *flight {
	f := &flight{
		Call: call, nonce: txs[0].Nonce(), first: txs[0].Hash(), since: time.Now(), txs: txs,
		orders: make(chan order), landed: make(chan struct{}),
	}
	f.latest.Store(f.newest())
	return f
}

func (f *flight) newest() *types.Transaction { return f.txs[len(f.txs)-1] }

func (f *flight) wait(ctx context.Context) (*types.Receipt, error) {
	select {
	case <-f.landed:
		return f.receipt, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("transaction %s is still on its way: %w", f.first, context.Cause(ctx))
	}
}

// fly follows a flight until it has landed or the sender is closed.
func (s *Sender) fly(f *flight) {
	defer close(f.landed)
	f.receipt, f.err = s.track(s.life, f)
	if s.life.Err() != nil && f.receipt == nil {
		f.err = fmt.Errorf("%w: transaction %s is still on its way", ErrClosed, f.newest().Hash())
		return
	}
	f.err = errors.Join(f.err, s.land(f))
}

// track returns the receipt of whichever transaction of the flight is confirmed.
func (s *Sender) track(ctx context.Context, f *flight) (*types.Receipt, error) {
	pause, sent := firstLook, time.Now()
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case o := <-f.orders:
			o.done <- s.obey(ctx, f, o)
			continue
		case <-timer.C:
		}
		receipt, final, err := s.look(ctx, f)
		if final {
			return receipt, err
		}
		if receipt == nil && s.raise(ctx, f, sent) {
			sent = time.Now()
		}
		pause = min(pause*3/2, laterLook)
		timer.Reset(pause)
	}
}

// look asks once. An endpoint that does not answer is asked again later: nothing
// is final then.
func (s *Sender) look(ctx context.Context, f *flight) (receipt *types.Receipt, final bool, err error) {
	mined, _, err := s.client.Nonces(ctx, s.Address())
	if err != nil {
		return nil, false, err
	}
	for _, tx := range f.txs {
		if receipt, err = s.client.Receipt(ctx, tx.Hash()); err != nil {
			return nil, false, err
		}
		if receipt != nil {
			break
		}
	}
	if receipt == nil {
		// The nonce was read before the receipts: if it is used, one of them would be
		// there, unless the endpoint that was asked for them lags behind the other.
		switch {
		case mined <= f.nonce:
			f.taken = time.Time{}
		case f.taken.IsZero():
			f.taken = time.Now()
		case time.Since(f.taken) > lagPatience && s.isSettled(ctx, f):
			return nil, true, fmt.Errorf("%w %d of %s; is another program using this key?", ErrReplaced, f.nonce, s.Address())
		}
		return nil, false, nil
	}
	f.taken = time.Time{}
	head, err := s.client.BlockNumber(ctx)
	if err != nil || head+1 < receipt.BlockNumber.Uint64()+max(s.confirmations, f.Confirmations) {
		return receipt, false, err
	}
	if f.isCancelledBy(receipt.TxHash) {
		return receipt, true, fmt.Errorf("%w by %s", ErrCancelled, receipt.TxHash)
	}
	if receipt.Status != types.ReceiptStatusSuccessful {
		return receipt, true, fmt.Errorf("%w: %s: %w", ErrFailed, receipt.TxHash, s.autopsy(ctx, f, receipt))
	}
	return receipt, true, nil
}

// isSettled reports whether the nonce is used deeply enough for the loss to be final.
func (s *Sender) isSettled(ctx context.Context, f *flight) bool {
	head, err := s.client.BlockNumber(ctx)
	if err != nil || head < s.confirmations {
		return false
	}
	then, err := s.client.NonceAt(ctx, s.Address(), head-(s.confirmations-1))
	return err == nil && then > f.nonce
}

// autopsy runs a failed transaction again on the state before its block.
func (s *Sender) autopsy(ctx context.Context, f *flight, receipt *types.Receipt) error {
	before := new(big.Int).Sub(receipt.BlockNumber, common.Big1)
	_, err := s.client.CallContract(ctx, ethereum.CallMsg{From: s.Address(), To: &f.To, Gas: f.newest().Gas(), Data: f.Data}, before)
	if err != nil {
		return err
	}
	return errors.New("the state changed between the estimate and the block, or the gas ran out")
}

// bump sends a transaction of the flight again with fees at least a quarter higher,
// or as it is when that would be above the limit. One that may not cost so much in all
// goes as it is, too, with [ErrCost].
func (s *Sender) bump(ctx context.Context, f *flight, tx *types.Transaction, limit *big.Int) error {
	_, tip, fee, err := s.suggest(ctx, f.Urgent)
	if err != nil {
		return err
	}
	old := f.newest()
	fee = quarterMore(old.GasFeeCap(), fee)
	if tip != nil {
		tip = quarterMore(old.GasTipCap(), tip)
	}
	if most := f.mostPerGas(tx.Gas()); most != nil && fee.Cmp(most) > 0 {
		return errors.Join(f.tooDear(tx.Gas(), fee), s.client.Broadcast(ctx, old))
	}
	if limit == nil || fee.Cmp(limit) <= 0 {
		raised, err := s.signer.SignTx(ctx, s.transaction(tx.Nonce(), tx.Gas(), *tx.To(), tx.Data(), tip, fee), s.client.ChainID())
		if err != nil {
			return err
		}
		f.txs = append(f.txs, raised)
		if err := s.journal.Put(f.journalKey(), f.encode()); err != nil {
			f.txs = f.txs[:len(f.txs)-1]
			return fmt.Errorf("write transaction %s down: %w", raised.Hash(), err)
		}
		f.latest.Store(raised)
	}
	return s.client.Broadcast(ctx, f.newest())
}

func quarterMore(old, suggested *big.Int) *big.Int {
	more := new(big.Int).Add(old, new(big.Int).Rsh(old, 2))
	more.Add(more, common.Big1)
	if suggested.Cmp(more) > 0 {
		return suggested
	}
	return more
}

// land takes a flight that is over out of the books.
func (s *Sender) land(f *flight) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	delete(s.flights, f.nonce)
	if f.Key != "" {
		delete(s.keyed, f.Key)
		if f.err == nil {
			s.done[f.Key] = f.receipt.TxHash
			if err := s.journal.Put(doneKey(f.Key), f.receipt.TxHash[:]); err != nil {
				return fmt.Errorf("write down that transaction %s is done: %w", f.receipt.TxHash, err)
			}
		}
	}
	if err := s.journal.Delete(f.journalKey()); err != nil {
		return fmt.Errorf("strike transaction %s from the journal: %w", f.newest().Hash(), err)
	}
	return nil
}
