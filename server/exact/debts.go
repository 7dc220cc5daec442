package exact

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// debtsBucket is the store's bucket of payers whose transfer has failed after its answer left:
// under the payer's address what it owes, in 8 bytes.
const debtsBucket = "transfer-debts"

// ErrNoDebt says that an address owes nothing.
var ErrNoDebt = errors.New("the address owes nothing")

// Debt is what a payer was answered for and has not paid: its transfer failed after the answer
// left. The payer is refused until it is forgiven.
type Debt struct {
	Payer common.Address `json:"payer"`
	// Amount is in atomic USDC.
	Amount vouchers.Amount `json:"amount"`
}

// Debts are those of a shop, open or not. They are safe for concurrent use.
type Debts struct {
	bucket vouchers.Bucket

	mu    sync.Mutex // guards what follows
	owed  map[common.Address]vouchers.Amount
	total vouchers.Amount
}

// OpenDebts reads the debts that a store has.
func OpenDebts(store vouchers.Store) (*Debts, error) {
	d := &Debts{bucket: store.Bucket(debtsBucket), owed: make(map[common.Address]vouchers.Amount)}
	return d, d.bucket.ForEach(nil, func(key, value []byte) error {
		if len(key) != common.AddressLength || len(value) != 8 {
			return fmt.Errorf("what payer %x owes is written down in %d bytes, want 8", key, len(value))
		}
		amount := vouchers.Amount(binary.BigEndian.Uint64(value))
		d.owed[common.Address(key)] = amount
		d.total = d.total.Plus(amount)
		return nil
	})
}

// All lists the debts, the highest first.
func (d *Debts) All() []Debt {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Debt, 0, len(d.owed))
	for payer, amount := range d.owed {
		all = append(all, Debt{payer, amount})
	}
	slices.SortFunc(all, func(a, b Debt) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), bytes.Compare(a.Payer[:], b.Payer[:]))
	})
	return all
}

// Forgive lets a payer pay by transfers again, and returns what it owed. The error wraps
// [ErrNoDebt] where that is nothing.
func (d *Debts) Forgive(ctx context.Context, payer common.Address) (Debt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	owed := d.owed[payer]
	if owed == 0 {
		return Debt{}, fmt.Errorf("%w: %s", ErrNoDebt, payer)
	}
	if err := d.bucket.Delete(ctx, payer[:]); err != nil {
		return Debt{}, fmt.Errorf("forgive %s what it owes: %w", payer, err)
	}
	delete(d.owed, payer)
	d.total = d.total.Minus(owed)
	return Debt{payer, owed}, nil
}

// add writes down that a payer owes what it was answered for.
func (d *Debts) add(payer common.Address, amount vouchers.Amount) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owed[payer] = d.owed[payer].Plus(amount)
	d.total = d.total.Plus(amount)
	return d.bucket.Put(context.Background(), payer[:], binary.BigEndian.AppendUint64(nil, uint64(d.owed[payer])))
}

// of is what a payer owes.
func (d *Debts) of(payer common.Address) vouchers.Amount {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.owed[payer]
}

// sum is what all payers owe.
func (d *Debts) sum() vouchers.Amount {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total
}
