package clearing_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/vouchers"
)

// byPermit2 is what makes a transfer one of Permit2.
func byPermit2(t *transfer.Transfer) { t.Method, t.Spender = transfer.Permit2, transfer.ExactProxy }

// upTo is what makes one of Permit2 that only an account may send.
func upTo(facilitator common.Address) func(*transfer.Transfer) {
	return func(t *transfer.Transfer) {
		t.Method, t.Spender, t.Facilitator = transfer.Upto, transfer.UptoProxy, facilitator
	}
}

// sponsored adds a permit of the token, which spares the payer an approval.
func (w *world) sponsored(t transfer.Transfer, by keys.Signer) transfer.Transfer {
	w.Helper()
	if err := t.SignPermit(w.Context(), by, w.token, 0, t.ValidBefore); err != nil {
		w.Fatal(err)
	}
	return t
}

// approves has a payer approve Permit2 for a permit's lifetime of payments.
func (w *world) approves(payer keys.Signer) {
	w.Helper()
	w.control("anvil_setBalance", payer.Address(), hexutil.EncodeBig(big.NewInt(1e18)))
	w.transacts(payer, w.net.Token, abigen.NewToken().PackApprove(abigen.Permit2Address, big.NewInt(1e12)))
}

func TestPaymentsOfAllMethodsGoTogether(t *testing.T) {
	w := newWorld(t)
	w.prepare()
	var tickets []*clearing.Ticket
	for i := range 4 {
		tickets = append(tickets, w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/10)))
		by := w.payer(fmt.Sprint("sponsored ", i), usdc)
		tickets = append(tickets, w.submit(w.sponsored(w.signed(by, usdc/10, byPermit2), by)))
	}
	twice := w.payer("twice the same", usdc)
	w.approves(twice)
	for range 2 {
		tickets = append(tickets, w.submit(w.signed(twice, usdc/10, byPermit2)))
	}
	w.run()
	logs := make(map[uint]bool)
	for _, ticket := range tickets {
		record := w.settles(ticket)
		if logs[record.Log] {
			t.Errorf("two payments stand for event %d", record.Log)
		}
		logs[record.Log] = true
	}
	if s := w.Stats(); s.Sent != 1 || w.paid() != vouchers.Amount(len(tickets))*usdc/10 {
		t.Errorf("%d transactions, the payee has %s", s.Sent, w.paid())
	}
}

func TestOfTwoPermitsThatLookTheSameAsManySettleAsMove(t *testing.T) {
	w := ownWorld(t)
	w.prepare()
	payer := w.payer("one", 2*usdc)
	w.approves(payer)
	w.submit(w.signed(w.payer("another", usdc), usdc))
	refused, good := w.signed(payer, usdc, byPermit2), w.signed(payer, usdc, byPermit2)
	first, second := w.submit(refused), w.submit(good)
	w.control("evm_setAutomine", false)
	w.run()
	w.until("the transaction", func() bool { return w.Stats().InFlight == 3 && w.journal.size() == 1 })
	// The nonce of the first is used up in the same block, before it.
	position, bit := new(big.Int).DivMod(refused.Nonce.Big(), big.NewInt(256), new(big.Int))
	invalidate := crypto.Keccak256([]byte("invalidateUnorderedNonces(uint256,uint256)"))[:4]
	invalidate = append(invalidate, common.LeftPadBytes(position.Bytes(), 32)...)
	invalidate = append(invalidate, common.LeftPadBytes(new(big.Int).Lsh(common.Big1, uint(bit.Uint64())).Bytes(), 32)...)
	w.broadcasts(payer, abigen.Permit2Address, invalidate)
	w.control("anvil_mine", 1)
	w.control("evm_setAutomine", true)
	ends := map[clearing.State]int{w.ends(first).State: 1}
	ends[w.ends(second).State]++
	if ends[clearing.Settled] != 1 || ends[clearing.Failed] != 1 || w.paid() != 2*usdc {
		t.Errorf("of two that one was cancelled of %d settled and %d failed; the payee has %s", ends[clearing.Settled], ends[clearing.Failed], w.paid())
	}
}

func TestAPaymentUpToAnAmountIsSentByTheFacilitatorThatItNames(t *testing.T) {
	w := newWorld(t)
	named := keys.Dev(6)
	w.options.Senders = []*txmgr.Sender{w.sender(keys.Dev(5)), w.sender(named)}
	w.open()
	payer := w.payer("one", usdc)
	w.approves(payer)
	var tickets []*clearing.Ticket
	for range 3 {
		signed := w.signed(payer, usdc/10, upTo(named.Address()))
		ticket, err := w.Submit(t.Context(), signed, usdc/20, nil)
		if err != nil {
			t.Fatal(err)
		}
		tickets = append(tickets, ticket)
	}
	for _, ticket := range tickets {
		if record := w.settles(ticket); record.SentBy != named.Address() || record.Moved != usdc/20 {
			t.Errorf("%s moved, sent by %s", record.Moved, record.SentBy)
		}
	}
	if w.paid() != 3*usdc/20 {
		t.Errorf("the payee has %s", w.paid())
	}
}

func TestSeveralKeysShareTheLoad(t *testing.T) {
	w := newWorld(t)
	w.options.Senders = []*txmgr.Sender{w.sender(keys.Dev(5)), w.sender(keys.Dev(6))}
	w.options.Batch = 2
	w.prepare()
	var tickets []*clearing.Ticket
	for i := range 24 {
		tickets = append(tickets, w.submit(w.signed(w.payer(fmt.Sprint(i), usdc), usdc/10)))
	}
	w.run()
	sent := make(map[common.Address]int)
	for _, ticket := range tickets {
		sent[w.settles(ticket).SentBy]++
	}
	if len(sent) != 2 {
		t.Errorf("sent by %v", sent)
	}
}

func TestNothingIsSentAboveWhatATransactionMayCost(t *testing.T) {
	w := newWorld(t)
	w.options.MaxCost = big.NewInt(1)
	w.open()
	signed := w.signed(w.payer("one", usdc), usdc/10)
	ticket := w.submit(signed)
	w.until("the reason", func() bool {
		record, err := ticket.Wait(canceled)
		return record.Reason != "" && errors.Is(err, clearing.ErrUnknown)
	})
	if w.Stats().Sent != 0 || w.paid() != 0 {
		t.Errorf("%d transactions", w.Stats().Sent)
	}
}

func TestAPaymentIsToldOnceItIsDeepEnough(t *testing.T) {
	w := ownWorld(t)
	w.options.Confirmations, w.options.FinalAfter = 3, 5
	payer := w.payer("one", usdc)
	w.open()
	signed := w.signed(payer, usdc/10)
	ticket := w.submit(signed)
	w.until("the transfer", func() bool { return w.paid() == usdc/10 })
	w.control("anvil_mine", 1)
	if record, err := ticket.Wait(canceled); !errors.Is(err, clearing.ErrUnknown) {
		t.Fatalf("after two blocks: %s, %v", record.State, err)
	}
	w.control("anvil_mine", 1)
	first := w.settles(ticket)
	w.control("anvil_mine", 2)
	w.until("the record's last place", func() bool {
		final, err := w.store.Bucket("clearing-31337").Get(append([]byte{'r'}, keyOf(signed)...))
		return err == nil && final != nil
	})
	if again := w.settles(w.submit(signed)); again.Transaction != first.Transaction {
		t.Errorf("submitted again it is in %s", again.Transaction)
	}
}

func TestARecordIsStruckADayAfterItsTransferCanBeUsed(t *testing.T) {
	w := ownWorld(t)
	w.options.FinalAfter = 1
	payer := w.payer("one", usdc)
	w.open()
	signed := w.signed(payer, usdc/10)
	w.settles(w.submit(signed))
	w.until("the record's last place", func() bool {
		final, err := w.store.Bucket("clearing-31337").Get(append([]byte{'r'}, keyOf(signed)...))
		return err == nil && final != nil
	})
	w.stop()
	w.options.Now = func() time.Time { return time.Unix(int64(signed.ValidBefore), 0).Add(25 * time.Hour) }
	w.open()
	w.until("the end of the record", func() bool {
		_, known, err := w.Look(signed.Key())
		return err == nil && !known
	})
	if _, err := w.Submit(t.Context(), signed, signed.Value, nil); !errors.Is(err, clearing.ErrPayment) {
		t.Errorf("submitted again: %v", err)
	}
	left := 0
	if err := w.store.Bucket("clearing-31337").ForEach(nil, func(_, _ []byte) error { left++; return nil }); err != nil || left != 0 {
		t.Errorf("%d entries stay, %v", left, err)
	}
}

func TestRefusedPaymentsTakeNoMoreMemoryThanAllowed(t *testing.T) {
	w := newWorld(t)
	w.options.Waiting = 2
	w.open()
	var all []transfer.Transfer
	for i := range 6 {
		signed := w.signed(w.payer(fmt.Sprint("poor ", i), 0), usdc/10)
		all = append(all, signed)
		if _, err := w.submit(signed).Wait(t.Context()); !errors.Is(err, clearing.ErrRejected) || !errors.Is(err, transfer.ErrBalance) {
			t.Fatalf("refused with %v", err)
		}
	}
	if s := w.Stats(); s.Resting != 2 {
		t.Errorf("%d payments rest", s.Resting)
	}
	for i, signed := range all {
		if record, known, err := w.Look(signed.Key()); !known || err != nil || record.State != clearing.Accepted || record.Reason == "" {
			t.Errorf("of number %d is known: %t, %+v, %v", i, known, record, err)
		}
	}
	last := all[len(all)-1]
	if err := w.net.Mint(t.Context(), last.From, usdc); err != nil {
		t.Fatal(err)
	}
	w.settles(w.submit(last))
}

func keyOf(t transfer.Transfer) []byte { key := t.Key(); return key[:] }

// broadcasts sends a transaction with a high fee and does not wait for it.
func (w *world) broadcasts(by keys.Signer, to common.Address, data []byte) {
	w.Helper()
	_, nonce, err := w.net.Client.Nonces(w.Context(), by.Address())
	if err != nil {
		w.Fatal(err)
	}
	tx, err := by.SignTx(w.Context(), dearTransaction(w.net.Client.ChainID(), nonce, to, data), w.net.Client.ChainID())
	if err == nil {
		err = w.net.Client.Broadcast(w.Context(), tx)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func dearTransaction(chainID, nonce uint64, to common.Address, data []byte) *types.Transaction {
	tip := big.NewInt(100e9)
	return types.NewTx(&types.DynamicFeeTx{
		ChainID: new(big.Int).SetUint64(chainID), Nonce: nonce, GasTipCap: tip, GasFeeCap: new(big.Int).Lsh(tip, 1), Gas: 200_000, To: &to, Data: data,
	})
}
