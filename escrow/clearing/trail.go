package clearing

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// trail is the blocks with payments that a reorganization may still take back, the newest last. A
// block that is on the chain has all on it that are older: so few of them are looked at.
type trail struct {
	marks []*mark
	adds  uint64 // how many rows were added
}

// mark is a block with payments.
type mark struct {
	number uint64
	hash   common.Hash
	// transaction is one of the block's.
	transaction common.Hash
	rows        []*row
	// sound says that all that are older were on the chain when this one was.
	sound bool
	// alias is what this program works out as the block's hash, where a chain's headers have
	// what it does not know.
	alias common.Hash
	// missed is since when the block is not on the chain; zero if it is.
	missed time.Time
}

// add notes a row that has settled. Called with the house's lock held.
func (t *trail) add(r *row, record *Record) {
	t.adds++
	at, _ := slices.BinarySearchFunc(t.marks, record.Block, func(m *mark, block uint64) int {
		if m.number < block {
			return -1
		}
		return 1
	})
	for i := at; i < len(t.marks); i++ {
		t.marks[i].sound = false
	}
	for i := at; i < len(t.marks) && t.marks[i].number == record.Block; i++ {
		if t.marks[i].hash == record.BlockHash {
			t.marks[i].rows = append(t.marks[i].rows, r)
			return
		}
	}
	t.marks = slices.Insert(t.marks, at, &mark{number: record.Block, hash: record.BlockHash, transaction: record.Transaction, rows: []*row{r}})
}

// has reports whether another payment than that with a key stands for a use.
func (t *trail) has(use transfer.Use, except common.Hash) bool {
	for _, m := range t.marks {
		if m.number != use.Block {
			continue
		}
		for _, r := range m.rows {
			if record := r.read(); r.key != except && record.Transaction == use.Tx && record.Log == use.Log {
				return true
			}
		}
	}
	return false
}

// remove forgets a block.
func (t *trail) remove(m *mark) {
	t.marks = slices.DeleteFunc(t.marks, func(other *mark) bool { return other == m })
}

// How often the blocks with payments are looked at, and for how long one must not be there to be gone: an
// endpoint may lag behind another.
const (
	trailLook    = 2 * time.Second
	gonePatience = 2 * time.Second
)

// lostPatience is for how long a payment whose nonce is used is looked for in another block.
const lostPatience = 30 * time.Second

// watchTrail looks for payments that a reorganization took back, until ctx ends.
func (h *House) watchTrail(ctx context.Context) {
	var seen common.Hash
	for ctx.Err() == nil {
		pause := trailLook
		if h.isTrailEmpty() {
			pause = idle
		}
		sleep(ctx, h.told, pause)
		if h.isTrailEmpty() {
			continue
		}
		head, err := h.options.Client.Header(ctx, nil)
		if err == nil && head.Hash() != seen {
			err = h.walkTrail(ctx, head.Number.Uint64())
			if err == nil {
				seen = head.Hash()
			}
		}
		if err != nil && ctx.Err() == nil {
			h.options.Logger.Warn("look whether settled payments are still on the chain", "error", err)
		}
		sleep(ctx, nil, trailLook)
	}
}

func (h *House) isTrailEmpty() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.trail.marks) == 0
}

func (h *House) isSound(m *mark) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return m.sound
}

// errMissing says that a block with payments is not on the chain, for the moment.
var errMissing = errors.New("a block with payments is not on the chain; they are looked for again")

// walkTrail looks at the blocks from the newest to the one under which all are known to be there.
func (h *House) walkTrail(ctx context.Context, head uint64) error {
	h.mu.Lock()
	marks, adds := slices.Clone(h.trail.marks), h.trail.adds
	h.mu.Unlock()
	var walked []*mark
	var missing bool
	for _, m := range slices.Backward(marks) {
		there, err := h.isThere(ctx, m)
		if err != nil {
			return err
		}
		if there && h.isSound(m) {
			break
		}
		walked = append(walked, m)
		if !there {
			missing = true
			h.lookFor(ctx, m)
		}
	}
	h.mu.Lock()
	for _, m := range walked {
		m.sound = !missing && h.trail.adds == adds // what was added meanwhile was not looked at
	}
	h.mu.Unlock()
	if missing {
		return errMissing
	}
	return h.finish(ctx, head)
}

// isThere reports whether a block is on the chain. Where its hash says no, a receipt has to.
func (h *House) isThere(ctx context.Context, m *mark) (bool, error) {
	header, err := h.options.Client.Header(ctx, new(big.Int).SetUint64(m.number))
	switch {
	case errors.Is(err, ethereum.NotFound):
		return false, nil
	case err != nil:
		return false, err
	case header.Hash() == m.hash || header.Hash() == m.alias:
		m.missed = time.Time{}
		return true, nil
	}
	receipt, err := h.options.Client.Receipt(ctx, m.transaction)
	if err != nil || receipt == nil || receipt.BlockHash != m.hash {
		return false, err
	}
	m.alias, m.missed = header.Hash(), time.Time{}
	return true, nil
}

// lookFor looks for the payments of a block that is not on the chain. They may be in another one by now.
func (h *House) lookFor(ctx context.Context, m *mark) {
	now := time.Now()
	if m.missed.IsZero() {
		m.missed = now
		return
	}
	if now.Sub(m.missed) < gonePatience {
		return
	}
	for _, r := range h.rowsOf(m) {
		if h.moved(ctx, r, now.Sub(m.missed)) {
			h.release(m, r)
		}
	}
}

func (h *House) rowsOf(m *mark) []*row {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(m.rows)
}

// release takes rows off a block, and the block off the trail when it has none left.
func (h *House) release(m *mark, rows ...*row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m.rows = slices.DeleteFunc(m.rows, func(r *row) bool { return slices.Contains(rows, r) })
	if len(m.rows) == 0 {
		h.trail.remove(m)
	}
}

// moved decides about a payment whose block is gone, and reports whether it could: it has
// settled in another block, or it is not on the chain, and is sent again.
func (h *House) moved(ctx context.Context, r *row, gone time.Duration) bool {
	record := r.read()
	before := record.clone()
	found, err := h.find(ctx, &record)
	switch {
	case err != nil || found == isOut || found == isLost && gone < lostPatience:
		return false
	case found == isOver && record.State == Settled:
		puts := append(h.fall(&before), h.put(entryKey(openEntry, r.key[:]), record.encode()))
		if err = h.write(context.WithoutCancel(ctx), append(puts, h.stands(r, &record)...)...); err != nil {
			return false
		}
		h.mu.Lock()
		h.trail.add(r, &record)
		h.mu.Unlock()
		r.tell(record, false)
		return true
	}
	return h.takeBack(ctx, r, before)
}

// takeBack makes a payment one that is accepted and not settled.
func (h *House) takeBack(ctx context.Context, r *row, before Record) bool {
	record := before.clone()
	record.State, record.Reason = Accepted, "a reorganization of the chain took it back"
	record.Transaction, record.Block, record.BlockHash, record.Log, record.Moved = common.Hash{}, 0, common.Hash{}, 0, 0
	record.SentBy, record.Sibling = common.Address{}, common.Address{}
	puts := append(h.fall(&before), h.put(entryKey(openEntry, r.key[:]), record.encode()))
	if err := h.write(context.WithoutCancel(ctx), puts...); err != nil {
		return false
	}
	h.tally.reorged.Add(1)
	h.options.Logger.Error("a reorganization took a settled payment back; it is sent again",
		"payment", r.key, "payer", r.transfer.From, "amount", r.amount, "transaction", before.Transaction, "block", before.Block)
	h.mu.Lock()
	r.tell(record, false) // before anybody can take the row up again
	h.open++
	r.found = transfer.Use{}
	h.enqueue(r)
	h.mu.Unlock()
	h.options.Reorged(before)
	h.rouse()
	return true
}

// finish closes the payments that no reorganization takes back any more.
func (h *House) finish(ctx context.Context, head uint64) error {
	h.mu.Lock()
	var deep []*mark
	for _, m := range h.trail.marks {
		if m.number+h.options.FinalAfter <= head+1 {
			deep = append(deep, m)
		}
	}
	h.mu.Unlock()
	for _, m := range deep {
		var puts []vouchers.Put
		rows := h.rowsOf(m)
		for _, r := range rows {
			record := r.read()
			puts = append(puts, h.put(entryKey(closedEntry, r.key[:]), record.encode()), h.strike(entryKey(openEntry, r.key[:])))
		}
		if err := h.write(ctx, puts...); err != nil {
			return err
		}
		h.release(m, rows...)
		for _, r := range rows {
			h.forget(r)
		}
	}
	return nil
}
