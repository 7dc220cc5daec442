package exact

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// debtsBucket is the store's bucket of payers whose transfer has failed after its answer left:
// under the payer's address what it owes, in 8 bytes.
const debtsBucket = "transfer-debts"

// debt is a transfer that a payer is trusted with, and what is held of its money for it.
type debt struct {
	payer   common.Address
	amount  vouchers.Amount
	holding *holding
}

// trust counts what was answered and is not settled, and what never will be.
type trust struct {
	Trust

	bucket vouchers.Bucket

	mu    sync.Mutex           // guards what follows
	open  map[common.Hash]debt // by the key of the transfer: answered, or about to be, and not settled
	out   map[common.Address]vouchers.Amount
	owed  map[common.Address]vouchers.Amount
	total vouchers.Amount // of both
}

func openTrust(limit Trust, bucket vouchers.Bucket) (*trust, error) {
	if err := limit.Check(); err != nil {
		return nil, err
	}
	t := &trust{Trust: limit, bucket: bucket, open: make(map[common.Hash]debt), out: make(map[common.Address]vouchers.Amount), owed: make(map[common.Address]vouchers.Amount)}
	return t, bucket.ForEach(nil, func(key, value []byte) error {
		if len(key) != common.AddressLength || len(value) != 8 {
			return fmt.Errorf("what payer %x owes is written down in %d bytes, want 8", key, len(value))
		}
		amount := vouchers.Amount(binary.BigEndian.Uint64(value))
		t.owed[common.Address(key)] = amount
		t.total += amount
		return nil
	})
}

// begin trusts a payer with a transfer until its end, if the limits allow it.
func (t *trust) begin(key common.Hash, payer common.Address, amount vouchers.Amount, h *holding) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	theirs, fits := t.out[payer].Add(amount)
	all, fitsAll := t.total.Add(amount)
	if !fits || !fitsAll || theirs > t.PerPayer || all > t.Total {
		return false
	}
	t.take(key, debt{payer, amount, h})
	return true
}

// restore counts a transfer that a payer was trusted with before the shop was opened.
func (t *trust) restore(key common.Hash, payer common.Address, amount vouchers.Amount, h *holding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(key, debt{payer, amount, h})
}

// take is called with t.mu held.
func (t *trust) take(key common.Hash, d debt) {
	t.open[key] = d
	t.out[d.payer] += d.amount
	t.total += d.amount
}

// end says that a transfer has an outcome, or was not accepted. It may be called again.
func (t *trust) end(key common.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, open := t.open[key]
	if !open {
		return
	}
	d.holding.end()
	delete(t.open, key)
	t.total = t.total.Minus(d.amount)
	if t.out[d.payer] = t.out[d.payer].Minus(d.amount); t.out[d.payer] == 0 {
		delete(t.out, d.payer)
	}
}

// lose writes down that a payer owes what it was answered for.
func (t *trust) lose(payer common.Address, amount vouchers.Amount) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.owed[payer] = t.owed[payer].Plus(amount)
	t.total = t.total.Plus(amount)
	return t.bucket.Put(context.Background(), payer[:], binary.BigEndian.AppendUint64(nil, uint64(t.owed[payer])))
}

// owes is what a payer was answered for and has not paid.
func (t *trust) owes(payer common.Address) vouchers.Amount {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.owed[payer]
}

// forgive lets a payer pay by transfers again, and returns what it owed.
func (t *trust) forgive(ctx context.Context, payer common.Address) (vouchers.Amount, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	owed := t.owed[payer]
	if owed == 0 {
		return 0, nil
	}
	if err := t.bucket.Delete(ctx, payer[:]); err != nil {
		return 0, fmt.Errorf("forgive %s what it owes: %w", payer, err)
	}
	delete(t.owed, payer)
	t.total = t.total.Minus(owed)
	return owed, nil
}
