package clearing_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/vouchers"
)

func TestOneTransferIsSentByItself(t *testing.T) {
	w := newWorld(t).open()
	payer := w.payer("one", usdc)
	record := w.settles(w.submit(w.signed(payer, usdc/10)))
	if record.Moved != usdc/10 || w.paid() != usdc/10 {
		t.Errorf("%s moved, the payee has %s", record.Moved, w.paid())
	}
	if record.SentBy != w.Gas()[0].Address || record.Block == 0 || record.Gas == 0 || record.Fee.Sign() != 1 {
		t.Errorf("the record says %+v", record)
	}
	if record.Gas > 90_000 {
		t.Errorf("alone it takes %d gas", record.Gas)
	}
	if w.journal.size() != 0 {
		t.Errorf("%d entries stay in the sender's journal", w.journal.size())
	}
}

func TestManyCallersShareTransactionsAndNoneFails(t *testing.T) {
	const callers, each = 64, 3
	w := newWorld(t).open()
	payers := make([]keys.Signer, callers)
	for i := range payers {
		payers[i] = w.payer(fmt.Sprint(i), usdc)
	}
	var all sync.WaitGroup
	for _, payer := range payers {
		all.Go(func() {
			for range each {
				w.settles(w.submit(w.signed(payer, usdc/100)))
			}
		})
	}
	all.Wait()
	if want := vouchers.Amount(callers*each) * usdc / 100; w.paid() != want {
		t.Errorf("the payee has %s, want %s", w.paid(), want)
	}
	s := w.Stats()
	if s.Settled != callers*each || s.Failed != 0 || s.Rejected != 0 {
		t.Errorf("the figures are %+v", s)
	}
	t.Logf("%d payments in %d transactions", s.Settled, s.Sent)
	if s.Sent > callers*each/4 {
		t.Errorf("%d payments took %d transactions", s.Settled, s.Sent)
	}
}

func TestABatchOfFiftyCostsLessEachThanOneAlone(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	var tickets []*clearing.Ticket
	for i := range 50 {
		tickets = append(tickets, w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/100)))
	}
	w.run()
	for _, ticket := range tickets {
		record := w.settles(ticket)
		if record.Gas > 55_000 {
			t.Fatalf("%d gas each", record.Gas)
		}
	}
	if s := w.Stats(); s.Sent != 1 {
		t.Errorf("%d transactions", s.Sent)
	}
	t.Logf("%d gas each", w.Stats().Gas/50)
}
