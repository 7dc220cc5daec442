package faults_test

import (
	"errors"
	"testing"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// slack is what a voucher of a call that failed has to spare.
const slack = 50_000

// everybodyFails leaves a voucher of each payer with the shop that would pay for more
// than was charged, and returns how high each is.
func (w *world) everybodyFails() map[*payer]vouchers.Amount {
	w.t.Helper()
	signed := make(map[*payer]vouchers.Amount)
	for _, p := range w.payers {
		signed[p] = w.countOf(p) + slack
		r, err := w.reserve(p, signed[p], slack)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Release()
	}
	return signed
}

// nothingBuysAgain shows the shop every voucher that a settlement has put, or was about
// to put, on chain, and lets the payers go on.
func (w *world) nothingBuysAgain(what string, published map[*payer]vouchers.Amount) {
	w.t.Helper()
	for p, highest := range published {
		for _, ceiling := range []vouchers.Amount{highest, highest - slack, highest - slack/2} {
			_, err := w.reserve(p, ceiling, 1)
			if !errors.Is(err, ledger.ErrCeilingBurnt) && !errors.Is(err, ledger.ErrCeilingBelowClaimed) {
				w.t.Errorf("a claim %s: a voucher of %s that was published is answered with %v", what, ceiling, err)
			}
		}
		if !w.buy(p, 1_000) {
			w.t.Errorf("a claim %s: the payer cannot go on", what)
		}
	}
}

func TestFaultsOfWhatWasPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.control(nil, "anvil_mine", 10) // the deposits are deeper than what is lost below
	w.poll()
	for _, fault := range []struct {
		name    string
		happens func()
	}{
		{"is reorganized out", func() {
			if err := w.settle(); err != nil {
				t.Fatal(err)
			}
			w.control(nil, "anvil_mine", 2)
			w.poll()
			w.control(nil, "anvil_reorg", 4, []any{})
			w.poll()
		}},
		{"is replaced by another program with the key", func() {
			w.whileOnItsWay(func(tx txmgr.Pending) {
				w.replace(tx)
				w.control(nil, "anvil_mine", 1)
			})
		}},
		{"is replaced at a higher fee", func() {
			w.whileOnItsWay(func(tx txmgr.Pending) {
				until(t, "another fee", func() bool {
					pending := w.shop.Transactions()
					return len(pending) == 1 && pending[0].MaxFee.Cmp(tx.MaxFee) > 0
				})
			})
		}},
		{"is cancelled by its owner", func() {
			w.whileOnItsWay(func(tx txmgr.Pending) {
				if err := w.shop.Cancel(t.Context(), tx.ChainID, tx.Nonce); err != nil {
					t.Error(err)
				}
			})
		}},
		{"is dropped from the pool, and the shop is restarted", func() {
			w.whileOnItsWay(func(tx txmgr.Pending) {
				w.control(nil, "anvil_dropTransaction", tx.Tx)
				w.restart()
			})
		}},
	} {
		w.everybodyBuys()
		published := w.everybodyFails()
		fault.happens()
		w.nothingBuysAgain(fault.name, published)
		w.restart()
		w.nothingBuysAgain(fault.name+" before a restart", published)
		w.passes("a published voucher whose claim " + fault.name)
	}
}

// burnt is how high a voucher was ever published.
func (w *world) burnt(p *payer) vouchers.Amount {
	ch, _ := w.shop.Ledger.Channel(p.id)
	return ch.Burnt
}

// whileOnItsWay lets something happen to a claim that was sent and not mined.
func (w *world) whileOnItsWay(happens func(tx txmgr.Pending)) {
	w.t.Helper()
	w.control(nil, "evm_setAutomine", false)
	done := w.inBackground()
	happens(w.shop.Transactions()[0])
	w.control(nil, "evm_setAutomine", true)
	w.control(nil, "anvil_mine", 1)
	err := <-done
	if err != nil && !errors.Is(err, txmgr.ErrReplaced) && !errors.Is(err, txmgr.ErrCancelled) && !errors.Is(err, txmgr.ErrClosed) {
		w.t.Error(err)
	}
}

func TestAShopThatIsKilledBetweenTheBurnAndTheBroadcastTakesNoVoucherThatItWasAboutToPublish(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.everybodyBuys()
	published := w.everybodyFails()
	for p := range published { // who was about to publish before has written the newest voucher down
		if err := w.shop.Ledger.Burn(t.Context(), p.id, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if w.killedWhen(func(method string, sent bool) bool { return method == "eth_sendRawTransaction" && !sent }) {
		t.Fatal("the settlement was not killed")
	}
	for p := range published {
		if state := w.state(p); state.Claimed != 0 {
			t.Errorf("on chain %s are claimed", state.Claimed)
		}
	}
	w.control(nil, "evm_setAutomine", false) // what was about to be sent is taken up, and not mined yet
	w.open()
	for p, highest := range published {
		if got := w.burnt(p); got != highest {
			t.Errorf("burnt is %s, want %s", got, highest)
		}
	}
	w.nothingBuysAgain("that was never broadcast", published)
	w.control(nil, "evm_setAutomine", true)
	w.control(nil, "anvil_mine", 1)
	w.passes("a voucher that was burnt by a shop that was killed before the broadcast")
}
