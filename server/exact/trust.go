package exact

import (
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// trusted is a transfer that a payer is trusted with, and what is held of its money for it.
type trusted struct {
	payer   common.Address
	amount  vouchers.Amount
	holding *holding
}

// trust counts what was answered and is not settled, and what never will be.
type trust struct {
	Trust

	debts *Debts

	mu   sync.Mutex              // guards what follows
	open map[common.Hash]trusted // by the key of the transfer: answered, or about to be, and not settled
	out  map[common.Address]vouchers.Amount
	sum  vouchers.Amount // of out
}

func newTrust(limit Trust, debts *Debts) *trust {
	return &trust{Trust: limit, debts: debts, open: make(map[common.Hash]trusted), out: make(map[common.Address]vouchers.Amount)}
}

// begin trusts a payer with a transfer until its end, if the limits allow it.
func (t *trust) begin(key common.Hash, payer common.Address, amount vouchers.Amount, h *holding) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	theirs, fits := t.out[payer].Add(amount)
	all, fitsAll := t.sum.Plus(t.debts.sum()).Add(amount)
	if !fits || !fitsAll || theirs > t.PerPayer || all > t.Total {
		return false
	}
	t.take(key, trusted{payer, amount, h})
	return true
}

// restore counts a transfer that a payer was trusted with before the shop was opened.
func (t *trust) restore(key common.Hash, payer common.Address, amount vouchers.Amount, h *holding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.take(key, trusted{payer, amount, h})
}

// take is called with t.mu held.
func (t *trust) take(key common.Hash, d trusted) {
	t.open[key] = d
	t.out[d.payer] += d.amount
	t.sum += d.amount
}

// has reports whether a payer is trusted with the transfer of a key.
func (t *trust) has(key common.Hash) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, open := t.open[key]
	return open
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
	t.sum = t.sum.Minus(d.amount)
	if t.out[d.payer] = t.out[d.payer].Minus(d.amount); t.out[d.payer] == 0 {
		delete(t.out, d.payer)
	}
}
