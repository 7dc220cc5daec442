package clearing

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// A permit of Permit2 leaves no trace of its nonce in the logs: whose nonce is used in a block, be it
// by cancelling it, looks there like the payment of another permit of the same payer, payee and amount.
// So each use stands for one payment, for as long as it can be found on the chain.

// useKey is the entry of a use, which has the key of the payment that it stands for.
func useKey(use transfer.Use) []byte {
	key := binary.BigEndian.AppendUint64([]byte{useEntry}, use.Block)
	return binary.BigEndian.AppendUint64(append(key, use.Tx[:]...), uint64(use.Log))
}

// useOf is the use that a record says has settled it.
func (r *Record) useOf() transfer.Use {
	return transfer.Use{Tx: r.Transaction, Block: r.Block, Log: r.Log, Moved: r.Moved}
}

// stands are the writes that have the use of a record that has settled stand for its payment.
func (h *House) stands(r *row, record *Record) []vouchers.Put {
	if r.transfer.Method == transfer.EIP3009 { // its nonce is in the log
		return nil
	}
	return []vouchers.Put{h.put(useKey(record.useOf()), r.key[:])}
}

// fall are the writes after which the use of a record that had settled stands for nothing.
func (h *House) fall(record *Record) []vouchers.Put {
	if record.State != Settled || record.Transfer.Method == transfer.EIP3009 {
		return nil
	}
	return []vouchers.Put{h.strike(useKey(record.useOf()))}
}

// isTaken reports whether a use stands for another payment than that with a key. If not, the payment has it
// from now on, and no other that is looked for meanwhile.
func (h *House) isTaken(use transfer.Use, key common.Hash) (bool, error) {
	if h.reserves(use, key) {
		return true, nil
	}
	of, err := h.bucket.Get(useKey(use))
	if err != nil {
		return false, fmt.Errorf("look up which payment transaction %s stands for: %w", use.Tx, err)
	}
	return of != nil && common.BytesToHash(of) != key, nil
}

// reserves reports whether another payment in memory has a use, and else gives it to this one.
func (h *House) reserves(use transfer.Use, key common.Hash) (taken bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.trail.has(use, key) {
		return true
	}
	for other, r := range h.rows {
		if other != key && r.found == use {
			return true
		}
	}
	if r := h.rows[key]; r != nil {
		r.found = use
	}
	return false
}

// FindUse is [transfer.Transfer.FindUse] of a payment that this house may not know: what stands for
// another one is none.
func (h *House) FindUse(ctx context.Context, t transfer.Transfer, from uint64) (*transfer.Use, error) {
	var failed error
	use, err := t.FindUse(ctx, h.options.Client, from, func(use transfer.Use) bool {
		taken, err := h.isTaken(use, t.Key())
		if err != nil {
			failed = err
		}
		return taken || err != nil
	})
	if failed != nil {
		return nil, failed
	}
	return use, err
}
