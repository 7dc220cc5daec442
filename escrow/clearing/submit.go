package clearing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// Ticket is a payment that was accepted.
type Ticket struct {
	row   *row
	since uint64 // which refusals were told before it was submitted
}

// Submit accepts a payment, of which amount is to move, in atomic units: it is durable on
// return, together with the writes to other buckets that come with it, and goes on whatever
// becomes of the caller. The caller has checked it ([transfer.Transfer.Check]).
//
// The same payment gives a ticket of the same outcome, however often and at once it is
// submitted; its note and its writes are those of the first time. One that the chain has
// refused is tried again. Errors wrap [ErrConflict], [ErrPayment], [ErrBusy] or [ErrNoGas],
// and nothing is accepted then, or they are the store's, and that is not known.
func (h *House) Submit(ctx context.Context, t transfer.Transfer, amount vouchers.Amount, note []byte, puts ...vouchers.Put) (*Ticket, error) {
	key := t.Key()
	h.mu.Lock()
	r := h.rows[key]
	if r != nil {
		h.mu.Unlock()
		return h.join(ctx, r, t, amount)
	}
	r = newRow(key, Record{Transfer: t, Amount: amount, Accepted: h.options.Now().UTC(), State: Accepted})
	h.rows[key] = r
	h.mu.Unlock()
	if len(note) > 0 {
		puts = append(puts, h.Noted(key, note))
	}
	r.failed = h.accept(ctx, r, puts)
	close(r.opened)
	return h.join(ctx, r, t, amount)
}

// accept opens a row that is new in memory. What the store knows of its payment counts; what
// it does not is written down.
func (h *House) accept(ctx context.Context, r *row, puts []vouchers.Put) error {
	known, err := h.remembered(r.key)
	if err == nil && known == nil {
		return h.acceptNew(ctx, r, puts)
	}
	if err == nil {
		r.record, r.transfer, r.amount = *known, known.Transfer, known.Amount
	}
	if err != nil || known.State != Accepted {
		h.forget(r)
		return err
	}
	// It was refused so often that it is tried again only for who asks.
	if err := h.reserve(); err != nil {
		h.forget(r)
		return err
	}
	return h.enter(ctx, r, h.strike(entryKey(closedEntry, r.key[:])))
}

func (h *House) acceptNew(ctx context.Context, r *row, puts []vouchers.Put) error {
	err := h.mayAccept(&r.record)
	if err == nil {
		err = h.reserve()
	}
	if err != nil {
		h.forget(r)
		return err
	}
	expires := vouchers.Put{Bucket: h.name, Key: expiryKey(r.record.Transfer, r.key), Value: []byte{}}
	return h.enter(ctx, r, append([]vouchers.Put{expires}, puts...)...)
}

// enter writes a row down, for which there is room, and lets it wait.
func (h *House) enter(ctx context.Context, r *row, puts ...vouchers.Put) error {
	puts = append(puts, h.put(entryKey(openEntry, r.key[:]), r.record.encode()))
	err := h.write(context.WithoutCancel(ctx), puts...) // it may be durable from here on
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.open--
		delete(h.rows, r.key)
		return err
	}
	h.enqueue(r)
	h.rouse()
	return nil
}

// reserve takes room for one more row that is open.
func (h *House) reserve() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open >= h.options.Waiting {
		return fmt.Errorf("%w: %d do, which is the most; try again", ErrBusy, h.open)
	}
	h.open++
	return nil
}

// forget takes a row out of memory.
func (h *House) forget(r *row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.rows, r.key)
}

// mayAccept refuses what is no payment for this house, and what there is no room or gas for.
func (h *House) mayAccept(r *Record) error {
	t, now := r.Transfer, h.options.Now()
	switch {
	case t.ChainID != h.options.Client.ChainID():
		return fmt.Errorf("%w: it is for chain id %d, this is %d", ErrPayment, t.ChainID, h.options.Client.ChainID())
	case r.Amount == 0 || r.Amount > t.Value || r.Amount != t.Value && t.Method != transfer.Upto:
		return fmt.Errorf("%w: %s is to move, %s is authorized", ErrPayment, r.Amount, t.Value)
	case t.Method == transfer.Upto && h.shipOf(t.Facilitator) == nil:
		return fmt.Errorf("%w: only %s may send it", ErrPayment, t.Facilitator)
	case t.ValidBefore <= uint64(max(now.Unix(), 0)):
		return fmt.Errorf("%w: it was good until %d, it is %d", ErrPayment, t.ValidBefore, now.Unix())
	case t.ValidBefore > uint64(max(now.Add(MaxValidity).Unix(), 0)):
		return fmt.Errorf("%w: it is good until %d, which is more than %s away", ErrPayment, t.ValidBefore, MaxValidity)
	}
	if _, err := t.MarshalBinary(); err != nil {
		return fmt.Errorf("%w: %w", ErrPayment, err)
	}
	if err := h.options.Store.Err(); err != nil {
		return err
	}
	return h.canPay(t)
}

// join gives a ticket of a row, once it is written down.
func (h *House) join(ctx context.Context, r *row, t transfer.Transfer, amount vouchers.Amount) (*Ticket, error) {
	select {
	case <-r.opened:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnknown, context.Cause(ctx))
	}
	if r.failed != nil {
		return nil, r.failed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.record.isSame(t, amount) {
		return nil, fmt.Errorf("%w: it was submitted at %s", ErrConflict, r.record.Accepted.Format(time.RFC3339))
	}
	ticket := &Ticket{row: r, since: r.refused}
	if r.phase != resting {
		return ticket, nil
	}
	if time.Since(r.tried) < retryFloor {
		ticket.since-- // the last refusal is the answer
		return ticket, nil
	}
	h.enqueue(r)
	h.rouse()
	return ticket, nil
}

// retryFloor is how soon after the chain has refused a transfer it is asked again because
// somebody submits it again.
const retryFloor = time.Second

// Wait returns what became of the payment: a record that is [Settled] or [Failed]. An error
// that wraps [ErrRejected] says that the chain refuses the transfer as things are, for the
// Reason of the record; where package transfer has a sentinel for it, it wraps that too. When ctx ends before anything is known the error wraps [ErrUnknown]:
// the payment goes on. An error comes with what the record says now.
func (t *Ticket) Wait(ctx context.Context) (Record, error) {
	for {
		t.row.mu.Lock()
		record, refused, news := t.row.record.clone(), t.row.refused, t.row.news
		t.row.mu.Unlock()
		switch {
		case record.State != Accepted:
			return record, nil
		case refused > t.since:
			return record, record.rejection()
		}
		select {
		case <-news:
		case <-ctx.Done():
			return record, fmt.Errorf("%w: %s: %w", ErrUnknown, cmp.Or(record.Reason, "it is on its way"), context.Cause(ctx))
		}
	}
}

func (r *Record) rejection() error {
	if r.refusal != nil {
		return fmt.Errorf("%w: %w", ErrRejected, r.refusal)
	}
	return fmt.Errorf("%w: %s", ErrRejected, r.Reason)
}

// Look returns what is known of the payment with a key ([transfer.Transfer.Key]), with its note,
// and whether there is one. Records are kept until a day after their transfer can be used.
func (h *House) Look(key common.Hash) (Record, bool, error) {
	record, err := h.known(key)
	if err != nil || record == nil {
		return Record{}, false, err
	}
	if record.Note, err = h.noteOf(key); err != nil {
		return Record{}, false, err
	}
	return *record, true, nil
}

// Underway is the transaction in which a payment goes that has no outcome yet, and false while
// there is none. One that was sent again at a higher fee is told by its newest.
func (h *House) Underway(key common.Hash) (common.Hash, bool) {
	h.mu.Lock()
	var of *load
	for l := range h.loads {
		if l.sent != nil && slices.Contains(l.sent.Keys, key) {
			of = l
		}
	}
	h.mu.Unlock()
	if of == nil {
		return common.Hash{}, false
	}
	return of.ship.Underway(of.sent.name())
}

// known is the record of a payment; nil if there is none.
func (h *House) known(key common.Hash) (*Record, error) {
	h.mu.Lock()
	r := h.rows[key]
	isOpen := r != nil && r.phase != opening
	h.mu.Unlock()
	if !isOpen {
		return h.remembered(key)
	}
	record := r.read()
	return &record, nil
}

// remembered is the record of a payment that is not open; nil if there is none.
func (h *House) remembered(key common.Hash) (*Record, error) {
	raw, err := h.bucket.Get(entryKey(closedEntry, key[:]))
	if err != nil {
		return nil, fmt.Errorf("look payment %s up: %w", key, err)
	}
	if raw == nil {
		return nil, nil
	}
	record, err := decodeRecord(raw)
	return &record, err
}
