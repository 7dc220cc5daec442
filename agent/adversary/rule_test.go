package adversary_test

import (
	"context"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/treasury"
	"github.com/chitpay/chit/vouchers"
)

// check holds what the adversary has against what the payer's book counts.
func (w *world) check(t *rapid.T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.problem == "" {
		w.holdCount() // what a process has written since counts too
	}
	if w.problem != "" {
		t.Fatal(w.problem)
	}
	w.checkDeposits(t)
	if w.book != nil {
		w.holdReceipts(t)
	}
}

// holdCount holds what was signed against what the book on disk counts, as any process sees
// it.
func (w *world) holdCount() {
	if w.book == nil {
		var err error
		if w.book, err = book.Open(context.Background(), w.options.Book); err != nil {
			w.problem = err.Error()
			return
		}
	}
	spent, _, err := treasury.ReadBudget(w.book, w.options.Policy, here, time.Now())
	if err != nil {
		w.problem = err.Error()
		return
	}
	var signed vouchers.Amount
	for _, ch := range w.seen {
		signed += ch.highest
	}
	switch counted := spent.Total + spent.AtRisk; {
	case signed > counted:
		w.problem = fmt.Sprintf("the shops can take %d, the budget counts %d", signed, counted)
	case w.rises && signed > budget:
		w.problem = fmt.Sprintf("the shops can take %d of a budget of %d", signed, budget)
	}
	w.rises = false
}

// checkDeposits holds the deposits that were signed against the payer's limits.
func (w *world) checkDeposits(t *rapid.T) {
	var outstanding vouchers.Amount
	places := make(map[string]int)
	for id, ch := range w.seen {
		if ch.used {
			places[fmt.Sprint(ch.shop, " in ", ch.escrow)]++
		}
		w.node.mu.Lock()
		told := w.node.told[id]
		w.node.mu.Unlock()
		waiting, moved, allowed := 0, vouchers.Amount(0), ch.highest+dearest+topUp+ch.refunded
		for _, d := range ch.deposits {
			over := !time.Now().Before(d.until)
			d.shown = d.shown || !over && told.claimed <= ch.highest && told.balance >= d.before+d.amount
			if d.until.After(time.Now().Add(11 * time.Minute)) {
				t.Fatalf("a deposit is good until %s", d.until)
			}
			if d.amount > maxDeposit || !d.typed && d.amount != topUp {
				t.Fatalf("a deposit of %d was signed", d.amount)
			}
			if d.typed {
				allowed += d.amount
			}
			if !over && !d.shown {
				waiting++
				outstanding += d.amount
			}
			if d.shown || !over {
				moved += d.amount
			}
		}
		if waiting > 1 {
			t.Fatalf("%d deposits into one channel are signed and neither shown nor run out", waiting)
		}
		if moved > allowed {
			t.Fatalf("%d were deposited, under a highest ceiling of %d, top-ups of %d", moved, ch.highest, topUp)
		}
	}
	if outstanding > maxDeposit {
		t.Fatalf("deposits of %d are signed, at most %d may be", outstanding, maxDeposit)
	}
	for place, n := range places {
		if n > 1 {
			t.Fatalf("%d channels are used to %s", n, place)
		}
	}
}
