package clearing_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/vouchers"
)

func TestAnAnswerThatIsCutMakesNoSecondTransfer(t *testing.T) {
	w := newWorld(t)
	p := w.through()
	payer := w.payer("one", usdc)
	w.open()
	var cut atomic.Int64
	p.watches(func(method string, carriedOut bool) bool {
		return method != "eth_sendRawTransaction" || !carriedOut || cut.Add(1) > 2
	})
	record := w.settles(w.submit(w.signed(payer, usdc/2)))
	if cut.Load() < 2 || record.Moved != usdc/2 || w.paid() != usdc/2 || w.Stats().Sent != 1 {
		t.Errorf("%d answers cut, the payee has %s by %d transactions", cut.Load(), w.paid(), w.Stats().Sent)
	}
}

func TestAPaymentWaitsUntilTheChainAnswersAgain(t *testing.T) {
	w := newWorld(t)
	p := w.through()
	payer := w.payer("one", usdc)
	w.open()
	p.watches(func(string, bool) bool { return false })
	signed := w.signed(payer, usdc/2)
	ticket := w.submit(signed)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if record, err := ticket.Wait(ctx); !errors.Is(err, clearing.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) || record.State != clearing.Accepted {
		t.Fatalf("while the chain is away: %v, %v", record.State, err)
	}
	p.watches(nil)
	w.settles(w.submit(signed))
	if w.paid() != usdc/2 {
		t.Errorf("the payee has %s", w.paid())
	}
}

func TestWhatAReorganizationTookBackIsToldAndSentAgain(t *testing.T) {
	w := ownWorld(t)
	reorged := make(chan clearing.Record, 8)
	w.options.Reorged = func(r clearing.Record) { reorged <- r }
	payer := w.payer("one", usdc)
	w.open()
	ticket := w.submit(w.signed(payer, usdc/2))
	first := w.settles(ticket)
	if err := w.net.Control(t.Context(), "anvil_reorg", 1, []any{}); err != nil {
		t.Fatal(err)
	}
	select {
	case told := <-reorged:
		if told.Transaction != first.Transaction || told.Block != first.Block {
			t.Errorf("told of %s in block %d, it was %s in block %d", told.Transaction, told.Block, first.Transaction, first.Block)
		}
	case <-time.After(patience):
		t.Fatal("nobody is told")
	}
	second := w.settles(ticket)
	if second.BlockHash == first.BlockHash || w.paid() != usdc/2 {
		t.Errorf("it is in block %s again, and the payee has %s", second.BlockHash, w.paid())
	}
	if s := w.Stats(); s.Reorged != 1 || len(reorged) != 0 {
		t.Errorf("%d payments were taken back", s.Reorged)
	}
}

func TestAPaymentThatIsInAnotherBlockAfterAReorganizationStaysSettled(t *testing.T) {
	w := ownWorld(t)
	w.options.Reorged = func(r clearing.Record) { t.Errorf("told that %s is gone", r.Transaction) }
	payer := w.payer("one", usdc)
	w.open()
	signed := w.signed(payer, usdc/2)
	first := w.settles(w.submit(signed))
	raw := w.rawTransaction(first.Transaction)
	w.control("anvil_mine", 1)
	if err := w.net.Control(t.Context(), "anvil_reorg", 2, []any{[]any{raw, 1}}); err != nil {
		t.Fatal(err)
	}
	w.until("the payment's new block", func() bool {
		record, _, err := w.Look(signed.Key())
		return err == nil && record.State == clearing.Settled && record.BlockHash != first.BlockHash
	})
	if w.paid() != usdc/2 {
		t.Errorf("the payee has %s", w.paid())
	}
}

func TestAStuckTransactionSettlesOnceItsFeeIsRaised(t *testing.T) {
	w := ownWorld(t)
	payer := w.payer("one", usdc)
	w.options.Senders = []*txmgr.Sender{w.sender(keys.Dev(5), txmgr.WithStuckAfter(100*time.Millisecond))}
	w.open()
	w.control("evm_setAutomine", false)
	ticket := w.submit(w.signed(payer, usdc/2))
	sender := w.options.Senders[0]
	var first common.Hash
	w.until("a higher fee", func() bool {
		pending := sender.Pending()
		if len(pending) == 1 && first == (common.Hash{}) {
			first = pending[0].Tx
		}
		return len(pending) == 1 && pending[0].Tx != first
	})
	w.control("evm_setAutomine", true)
	w.control("anvil_mine", 1)
	if record := w.settles(ticket); record.Moved != usdc/2 || w.paid() != usdc/2 {
		t.Errorf("the payee has %s", w.paid())
	}
}

func TestAnAccountWithoutGasMoneyIsLeftOut(t *testing.T) {
	w := ownWorld(t)
	payer := w.payer("one", usdc)
	poor, rich := w.payer("poor", 0), keys.Dev(5)
	w.options.Senders = []*txmgr.Sender{w.sender(poor), w.sender(rich)}
	w.open()
	for range 3 {
		if record := w.settles(w.submit(w.signed(payer, usdc/10))); record.SentBy != rich.Address() {
			t.Errorf("sent by %s", record.SentBy)
		}
	}
	w.until("the state of the poor one", func() bool { return w.Gas()[0].Out })
	if w.Gas()[1].Out {
		t.Error("the other one is out, too")
	}
}

func TestNothingIsAcceptedThatNobodyCanPayTheGasOf(t *testing.T) {
	w := ownWorld(t)
	payer := w.payer("one", usdc)
	w.options.Senders = []*txmgr.Sender{w.sender(w.payer("poor", 0))}
	w.open()
	w.until("the state of the poor one", func() bool { return w.Gas()[0].Out })
	signed := w.signed(payer, usdc/10)
	if _, err := w.Submit(t.Context(), signed, signed.Value, nil); !errors.Is(err, clearing.ErrNoGas) {
		t.Errorf("accepted with %v", err)
	}
	if _, known, err := w.Look(signed.Key()); known || err != nil {
		t.Errorf("it is known: %t, %v", known, err)
	}
}

func TestWhatIsAcceptedIsSettledByTheNextProcess(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	payer := w.payer("one", usdc)
	signed := w.signed(payer, usdc/2)
	puts := vouchers.Put{Bucket: "of-the-caller", Key: []byte("k"), Value: []byte("v")}
	if _, err := w.Submit(t.Context(), signed, signed.Value, []byte("for whom"), puts); err != nil {
		t.Fatal(err)
	}
	w.stop()
	w.open()
	record := w.settles(w.submit(signed))
	looked, known, err := w.Look(signed.Key())
	if err != nil || !known || string(looked.Note) != "for whom" || record.Moved != usdc/2 {
		t.Errorf("the record says %+v, looked up %+v, %v", record, looked, err)
	}
	if value, err := w.store.Bucket("of-the-caller").Get([]byte("k")); err != nil || string(value) != "v" {
		t.Errorf("the caller's own is %q, %v", value, err)
	}
	w.stop()
	w.open()
	if again := w.settles(w.submit(signed)); again.Transaction != record.Transaction {
		t.Errorf("settled in %s, then in %s", record.Transaction, again.Transaction)
	}
}
