package clearing

import (
	"container/heap"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// noteOf reads what the caller keeps with a payment.
func (h *House) noteOf(key common.Hash) ([]byte, error) {
	note, err := h.bucket.Get(entryKey(noteEntry, key[:]))
	if err != nil {
		return nil, fmt.Errorf("read the note of payment %s: %w", key, err)
	}
	return note, nil
}

// Noted is the write that puts another note in the place of a payment's, to be made durable by
// the caller beside what it is about.
func (h *House) Noted(key common.Hash, note []byte) vouchers.Put {
	return vouchers.Put{Bucket: h.name, Key: entryKey(noteEntry, key[:]), Value: note}
}

// Each visits the payments whose outcome is not known, with their notes.
func (h *House) Each(visit func(Record) error) error {
	h.mu.Lock()
	rows := make([]*row, 0, len(h.rows))
	for _, r := range h.rows {
		if r.phase != opening && r.phase != landed {
			rows = append(rows, r)
		}
	}
	h.mu.Unlock()
	for _, r := range rows {
		record := r.read()
		var err error
		if record.Note, err = h.noteOf(r.key); err != nil {
			return err
		}
		if err := visit(record); err != nil {
			return err
		}
	}
	return nil
}

// Drop forgets a payment that the chain has refused, so that it is not tried again, and reports
// whether it did: one that is being tried at this moment is not dropped.
func (h *House) Drop(ctx context.Context, key common.Hash) (bool, error) {
	h.mu.Lock()
	r := h.rows[key]
	if r == nil || r.phase != resting {
		h.mu.Unlock()
		return h.dropClosed(ctx, r == nil, key)
	}
	if r.index >= 0 {
		heap.Remove(&h.late, r.index)
	}
	h.resting--
	r.phase = landed
	h.mu.Unlock()
	defer h.forget(r)
	return true, h.write(context.WithoutCancel(ctx), h.entriesOf(key, r.transfer)...)
}

// dropClosed is [House.Drop] of a payment that is not in memory.
func (h *House) dropClosed(ctx context.Context, absent bool, key common.Hash) (bool, error) {
	if !absent {
		return false, nil
	}
	record, err := h.remembered(key)
	if err != nil || record == nil || record.State != Accepted {
		return false, err
	}
	return true, h.write(context.WithoutCancel(ctx), h.entriesOf(key, record.Transfer)...)
}

// entriesOf strikes all that the bucket has of a payment.
func (h *House) entriesOf(key common.Hash, t transfer.Transfer) []vouchers.Put {
	return []vouchers.Put{
		h.strike(entryKey(openEntry, key[:])), h.strike(entryKey(closedEntry, key[:])), h.strike(entryKey(noteEntry, key[:])), h.strike(expiryKey(t, key)),
	}
}

// Is reports whether a record is of a payment, to the last bit of its signature.
func (r *Record) Is(t transfer.Transfer) bool { return r.isSame(t, r.Amount) }

// ended tells the caller of an outcome.
func (h *House) ended(r *row, record Record) {
	if h.options.Ended == nil {
		return
	}
	note, err := h.noteOf(r.key)
	if err != nil {
		h.options.Logger.Error("tell what became of a payment", "payment", r.key, "error", err)
		return
	}
	record.Note = note
	h.options.Ended(record)
}
