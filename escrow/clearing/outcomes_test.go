package clearing_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

func TestReplaysOfOneTransferAreOneTransfer(t *testing.T) {
	w := newWorld(t).open()
	signed := w.signed(w.payer("one", usdc), usdc/10)
	records := make([]clearing.Record, 64)
	var all sync.WaitGroup
	for i := range records {
		all.Go(func() { records[i] = w.settles(w.submit(signed)) })
	}
	all.Wait()
	for _, record := range records {
		if record.Transaction != records[0].Transaction {
			t.Fatalf("settled in %s and in %s", records[0].Transaction, record.Transaction)
		}
	}
	if s := w.Stats(); w.paid() != usdc/10 || s.Sent != 1 || s.Settled != 1 {
		t.Errorf("the payee has %s; the figures are %+v", w.paid(), s)
	}
}

func TestAnotherPaymentUnderTheSameAuthorizationIsRefused(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	payer := w.payer("one", usdc)
	first := w.signed(payer, usdc/10)
	w.submit(first)
	other := w.signed(payer, usdc/5, func(t *transfer.Transfer) { t.Nonce = first.Nonce })
	forged := first
	forged.Signature = append(vouchers.Signature(nil), first.Signature...)
	forged.Signature[7] ^= 1
	for name, payment := range map[string]transfer.Transfer{"another amount": other, "another signature": forged} {
		if _, err := w.Submit(t.Context(), payment, payment.Value, nil); !errors.Is(err, clearing.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoPaymentForThisHouseIsNotAccepted(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	payer := w.payer("one", usdc)
	for name, change := range map[string]func(*transfer.Transfer){
		"of another chain": func(t *transfer.Transfer) { t.ChainID = 1 },
		"expired":          func(t *transfer.Transfer) { t.ValidBefore = uint64(time.Now().Unix()) },
		"good for ever":    func(t *transfer.Transfer) { t.ValidBefore = 1<<64 - 1 },
		"over nothing":     func(t *transfer.Transfer) { t.Value = 0 },
		"for another facilitator": func(t *transfer.Transfer) {
			t.Method, t.Spender, t.Facilitator = transfer.Upto, transfer.UptoProxy, common.Address{1}
		},
	} {
		signed := w.signed(payer, usdc/10, change)
		if _, err := w.Submit(t.Context(), signed, signed.Value, nil); !errors.Is(err, clearing.ErrPayment) {
			t.Errorf("%s: %v", name, err)
		}
	}
	signed := w.signed(payer, usdc/10)
	if _, err := w.Submit(t.Context(), signed, signed.Value-1, nil); !errors.Is(err, clearing.ErrPayment) {
		t.Errorf("a part of it: %v", err)
	}
}

func TestAsManyPaymentsWaitAsMay(t *testing.T) {
	w := newWorld(t)
	w.options.Waiting = 3
	w.prepare()
	payer := w.payer("one", usdc)
	var first *clearing.Ticket
	for range 3 {
		first = w.submit(w.signed(payer, usdc/10))
	}
	more := w.signed(payer, usdc/10)
	if _, err := w.Submit(t.Context(), more, more.Value, nil); !errors.Is(err, clearing.ErrBusy) {
		t.Fatalf("one more: %v", err)
	}
	w.run()
	w.settles(first)
	w.settles(w.submit(more))
}

func TestATransferThatAStrangerHasSentIsPaid(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	signed := w.signed(w.payer("one", usdc), usdc/10)
	ticket := w.submit(signed)
	w.sends(keys.Dev(7), signed)
	w.run()
	record := w.settles(ticket)
	if record.SentBy != keys.Dev(7).Address() || record.Moved != usdc/10 || record.Sibling != (common.Address{}) || w.Stats().Sent != 0 {
		t.Errorf("the record says %+v", record)
	}
}

func TestAPaymentBelongsToOneOfTwoServers(t *testing.T) {
	lowest, highest := keys.Dev(5), keys.Dev(6)
	if lowest.Address().Cmp(highest.Address()) > 0 {
		lowest, highest = highest, lowest
	}
	stranger := keys.Dev(7)
	for name, c := range map[string]struct {
		own, sibling, sends keys.Signer
		belongs             common.Address
	}{
		"sent by the other":                        {lowest, highest, highest, highest.Address()},
		"sent by a stranger, of the lowest key":    {lowest, highest, stranger, common.Address{}},
		"sent by a stranger, of the other one key": {highest, lowest, stranger, lowest.Address()},
		"sent by itself in an earlier life":        {highest, lowest, highest, common.Address{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.options.Siblings = []common.Address{c.sibling.Address()}
			w.options.Senders = []*txmgr.Sender{w.sender(c.own)}
			w.prepare()
			signed := w.signed(w.payer("one", usdc), usdc/10)
			ticket := w.submit(signed)
			w.sends(c.sends, signed)
			w.run()
			if record := w.settles(ticket); record.Sibling != c.belongs || record.SentBy != c.sends.Address() {
				t.Errorf("it belongs to %s, want %s", record.Sibling, c.belongs)
			}
		})
	}
}

func TestATransferThatIsCancelledFails(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	payer := w.payer("one", usdc)
	signed := w.signed(payer, usdc/10)
	ticket := w.submit(signed)
	w.cancels(payer, signed)
	w.run()
	record := w.ends(ticket)
	if record.State != clearing.Failed || record.Reason == "" || w.paid() != 0 {
		t.Errorf("the record says %+v", record)
	}
	if again := w.ends(w.submit(signed)); again.State != clearing.Failed {
		t.Errorf("submitted again it has %s", again.State)
	}
}

func TestATransferThatExpiresUnusedFails(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	signed := w.signed(w.payer("one", usdc), usdc/10, func(t *transfer.Transfer) { t.ValidBefore = uint64(time.Now().Add(2 * time.Second).Unix()) })
	ticket := w.submit(signed)
	w.until("the end of its time", func() bool { return uint64(time.Now().Unix()) > signed.ValidBefore })
	w.run()
	w.until("the end of the payment", func() bool {
		w.control("anvil_mine", 1)
		record, _ := ticket.Wait(canceled)
		return record.State == clearing.Failed
	})
	if w.paid() != 0 {
		t.Errorf("the payee has %s", w.paid())
	}
}

func TestATransferThatTheChainRefusesIsToldAndSettlesLater(t *testing.T) {
	w := newWorld(t).open()
	payer := w.payer("poor", 0)
	signed := w.signed(payer, usdc/10)
	record, err := w.submit(signed).Wait(t.Context())
	if !errors.Is(err, clearing.ErrRejected) || record.Reason == "" || record.State != clearing.Accepted {
		t.Fatalf("refused with %v, %+v", err, record)
	}
	if err := w.net.Mint(t.Context(), payer.Address(), usdc); err != nil {
		t.Fatal(err)
	}
	w.until("the payment", func() bool {
		record, _, err := w.Look(signed.Key())
		return err == nil && record.State == clearing.Settled
	})
	w.settles(w.submit(signed))
}

func TestOneTransferThatIsRefusedKeepsNoOtherBack(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	good := make([]*clearing.Ticket, 20)
	for i := range good {
		good[i] = w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/10))
	}
	bad := w.submit(w.signed(w.payer("poor", 0), usdc/10))
	twice := w.payer("for one alone", usdc/10)
	pair := []*clearing.Ticket{w.submit(w.signed(twice, usdc/10)), w.submit(w.signed(twice, usdc/10))}
	w.run()
	for _, ticket := range good {
		if record := w.settles(ticket); record.Misses != 0 {
			t.Errorf("it failed in %d transactions", record.Misses)
		}
	}
	if _, err := bad.Wait(t.Context()); !errors.Is(err, clearing.ErrRejected) {
		t.Errorf("the poor one's: %v", err)
	}
	settled := 0
	for _, ticket := range pair {
		if record, err := ticket.Wait(t.Context()); err == nil && record.State == clearing.Settled {
			settled++
		} else if !errors.Is(err, clearing.ErrRejected) {
			t.Errorf("one of two: %v", err)
		}
	}
	if settled != 1 {
		t.Errorf("%d of two settled that there is money for one of", settled)
	}
}

// liar is the code of a wallet (ERC-1271) that takes every signature where gas costs nothing, as in
// a simulation, and burns all gas where it costs something, as in a block.
var liar = hexutil.MustDecode("0x3a601457631626ba7e60e01b60005260206000f35b601456")

func TestAWalletThatBurnsGasInBlocksCostsABoundAndConcernsNobodyElse(t *testing.T) {
	w := ownWorld(t)
	w.prepare()
	good := make([]*clearing.Ticket, 20)
	wallet := w.payer("wallet", usdc)
	if err := w.net.SetCode(t.Context(), wallet.Address(), liar); err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if i == len(good)/2 {
			w.submit(w.signed(wallet, usdc/10))
		}
		good[i] = w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/10))
	}
	w.run()
	for _, ticket := range good {
		if record := w.settles(ticket); record.Gas > 70_000 {
			t.Errorf("a transfer beside the wallet's cost %d gas", record.Gas)
		}
	}
	signed := w.signed(wallet, usdc/10)
	record, err := w.submit(signed).Wait(t.Context())
	if !errors.Is(err, clearing.ErrRejected) || record.Misses == 0 || record.Gas > uint64(record.Misses)*transfer.ContractGas {
		t.Errorf("the wallet's: %v, %+v", err, record)
	}
	before := w.Stats().Sent
	if _, err := w.submit(signed).Wait(t.Context()); !errors.Is(err, clearing.ErrRejected) || w.Stats().Sent != before {
		t.Errorf("submitted again: %v, and %d transactions more", err, w.Stats().Sent-before)
	}
}

func TestAPayerThatTakesOnCodeAfterTheSimulationDelaysOthersAndNoneFails(t *testing.T) {
	w := ownWorld(t)
	w.prepare()
	tickets := make([]*clearing.Ticket, 10)
	turns := w.payer("turns", usdc)
	w.submit(w.signed(turns, usdc/10))
	for i := range tickets {
		tickets[i] = w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/10))
	}
	w.control("evm_setAutomine", false)
	w.run()
	w.until("the transaction", func() bool { return w.Stats().InFlight == len(tickets)+1 && w.journal.size() == 1 })
	if err := w.net.SetCode(t.Context(), turns.Address(), liar); err != nil {
		t.Fatal(err)
	}
	w.control("anvil_mine", 1)
	w.control("evm_setAutomine", true)
	for _, ticket := range tickets {
		w.settles(ticket)
	}
}

// canceled is a context that has ended.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// sends has an account send a transfer by itself.
func (w *world) sends(by keys.Signer, t transfer.Transfer) {
	w.Helper()
	calls, err := t.Calls(transfer.ByKey, t.Value)
	if err != nil {
		w.Fatal(err)
	}
	w.transacts(by, calls[0].To, calls[0].Data)
}

// cancels has a payer cancel an authorization.
func (w *world) cancels(payer keys.Signer, t transfer.Transfer) {
	w.Helper()
	kind := crypto.Keccak256([]byte("CancelAuthorization(address authorizer,bytes32 nonce)"))
	inner := crypto.Keccak256(kind, common.LeftPadBytes(t.From[:], 32), t.Nonce[:])
	signature, err := payer.SignHash(w.Context(), crypto.Keccak256Hash([]byte{0x19, 1}, w.token.Separator[:], inner))
	if err != nil {
		w.Fatal(err)
	}
	w.transacts(keys.Dev(7), t.Token, abigen.NewDevUSDC().PackCancelAuthorization0(t.From, t.Nonce, signature))
}

func (w *world) transacts(by keys.Signer, to common.Address, data []byte) {
	w.Helper()
	s, err := txmgr.NewSender(w.Context(), w.net.Client, by)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Send(w.Context(), txmgr.Call{To: to, Data: data, Label: w.Name()}); err != nil {
		w.Fatal(err)
	}
}
