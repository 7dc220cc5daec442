package server_test

import (
	"context"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

// permits is a transfer for terms by Permit2, with a nonce.
func (w *wallet) permits(t testing.TB, r *x402.Requirements, nonce common.Hash) transfer.Transfer {
	t.Helper()
	order := transfer.Transfer{
		Method: transfer.Permit2, ChainID: shoptest.Net.Client.ChainID(), Token: r.Asset, From: w.Address(), To: r.PayTo, Value: r.Amount,
		ValidBefore: uint64(time.Now().Add(time.Hour).Unix()), Nonce: nonce, Spender: transfer.ExactProxy,
	}
	if err := order.Sign(t.Context(), w, w.token); err != nil {
		t.Fatal(err)
	}
	return order
}

func payingByPermit2(t testing.TB, r *x402.Requirements, order transfer.Transfer) string {
	t.Helper()
	payment := &x402.PaymentPayload{Accepted: *r, Payload: permit2Of(order)}
	if order.Permit != nil {
		payment.Extensions = permitted(t, order)
	}
	header, err := x402.EncodeHeader(payment)
	if err != nil {
		t.Fatal(err)
	}
	return header
}

// sends has a wallet send a call of its own, and returns when it is mined.
func sends(ctx context.Context, t testing.TB, by keys.Signer, to common.Address, data []byte) {
	sender, err := txmgr.NewSender(ctx, shoptest.Net.Client, by)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(ctx, txmgr.Call{To: to, Data: data}); err != nil {
		t.Error(err)
	}
}

// inOneBlock mines what some do in one block, once so many transactions wait.
func inOneBlock(t testing.TB, transactions uint, all ...func()) {
	t.Helper()
	node, err := ethclient.DialContext(t.Context(), shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	control := func(method string, args ...any) {
		if err := shoptest.Net.Control(context.WithoutCancel(t.Context()), method, args...); err != nil {
			t.Error(err)
		}
	}
	control("evm_setAutomine", false)
	defer control("evm_setAutomine", true)
	done := make(chan struct{})
	for _, do := range all {
		go func() {
			do()
			done <- struct{}{}
		}()
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		waiting, err := node.PendingTransactionCount(t.Context())
		if err == nil && waiting >= transactions {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d transactions wait, %v", waiting, err)
		}
	}
	control("anvil_mine", 1)
	for range all {
		<-done
	}
}

// cancelling is Permit2's call that uses up nonces of a word for nothing.
func cancelling(word, mask int64) []byte {
	data := crypto.Keccak256([]byte("invalidateUnorderedNonces(uint256,uint256)"))[:4]
	data = append(data, common.BigToHash(big.NewInt(word)).Bytes()...)
	return append(data, common.BigToHash(big.NewInt(mask)).Bytes()...)
}

func TestAPermitThatIsCancelledInTheBlockOfAnotherPaymentBuysNothing(t *testing.T) {
	p := openPages(t, nil)
	w := newWallet(t, "wallet", 10*pagePrice)
	w.Signer = shoptest.Payer(t, "payer with gas")
	if err := shoptest.Net.Mint(t.Context(), w.Address(), 10*pagePrice); err != nil {
		t.Fatal(err)
	}
	r := entry(p.required(t), x402.SchemeExact, x402.TransferPermit2)
	before := w.balance(t)
	paid := w.permits(t, r, common.BigToHash(big.NewInt(1<<8)))
	if err := paid.SignPermit(t.Context(), w, w.token, 0, paid.ValidBefore); err != nil {
		t.Fatal(err)
	}
	cancelled := w.permits(t, r, common.BigToHash(big.NewInt(2<<8)))
	inOneBlock(t, 2, func() {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, payingByPermit2(t, r, paid)); resp.StatusCode != http.StatusOK {
			t.Errorf("the payer is answered %d: %s", resp.StatusCode, body)
		}
	}, func() { sends(t.Context(), t, w.Signer, funding.Permit2, cancelling(2, 1)) })
	if err := shoptest.Net.Control(t.Context(), "anvil_mine", 200); err != nil { // no reorganization reaches it any more
		t.Fatal(err)
	}
	for range 2 {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, payingByPermit2(t, r, cancelled)); resp.StatusCode == http.StatusOK {
			t.Errorf("a cancelled permit is answered %q; %s of %s left", body, w.balance(t), before)
		}
	}
	if runs, left := p.runs.Load(), w.balance(t); runs != 1 || left != before-pagePrice {
		t.Errorf("%d runs, %s of %s left", runs, left, before)
	}
}

// forged is a payment in the name of a wallet that somebody else has signed.
func (w *wallet) forged(t testing.TB, r *x402.Requirements, by *wallet) string {
	t.Helper()
	order := w.signs(t, r)
	if err := order.Sign(t.Context(), by, by.token); err != nil {
		t.Fatal(err)
	}
	return paying(t, r, order)
}

func TestWhoNamesAPayerUsesUpNothingOfItsOwn(t *testing.T) {
	p := openPages(t, func(o *server.Options) { o.Limits.PayerTransfers = 3 })
	w, stranger := newWallet(t, "wallet", 4*pagePrice), newWallet(t, "stranger", 0)
	r := entry(p.required(t), x402.SchemeExact, "")
	pays := func() {
		t.Helper()
		if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
			t.Errorf("the payer is answered %d: %s", resp.StatusCode, body)
		}
	}
	pays()
	for range 6 {
		if resp, body := p.get(t, x402.HeaderPaymentSignature, w.forged(t, r, stranger)); resp.StatusCode != http.StatusPaymentRequired {
			t.Errorf("somebody else is answered %d: %s", resp.StatusCode, body)
		}
	}
	for range 3 {
		pays()
	}
	if hits := p.LimitHits()["payerTransfers"]; hits != 0 {
		t.Errorf("the payer's limit was met %d times", hits)
	}
}

func TestWhoNamesAPayerSetsNoneOfItsMoneyAside(t *testing.T) {
	p := openPages(t, nil)
	w, stranger := newWallet(t, "wallet", 20*pagePrice), newWallet(t, "stranger", 0)
	r := entry(p.required(t), x402.SchemeExact, "")
	ended := make(chan struct{})
	var names sync.WaitGroup
	for range 4 {
		names.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
					p.get(t, x402.HeaderPaymentSignature, w.forged(t, r, stranger))
				}
			}
		})
	}
	for range 20 { // all that it has
		if resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r))); resp.StatusCode != http.StatusOK {
			t.Errorf("the payer is answered %d: %s", resp.StatusCode, body)
		}
	}
	close(ended)
	names.Wait()
}

// liar is the code of a wallet (ERC-1271) that takes every signature where gas costs nothing, as in
// a simulation, and burns all gas where it costs something, as in a block.
var liar = hexutil.MustDecode("0x3a601457631626ba7e60e01b60005260206000f35b601456")

func TestManyWalletsThatLieToASimulationCostTheGasOfADayTogether(t *testing.T) {
	const most = 500_000
	p := openPages(t, func(o *server.Options) { o.Limits.FailedTransferGas = most })
	regular := newWallet(t, "regular", 2*pagePrice)
	r := entry(p.required(t), x402.SchemeExact, "")
	pays := func(w *wallet) (int, string) {
		resp, body := p.get(t, x402.HeaderPaymentSignature, paying(t, r, w.signs(t, r)))
		return resp.StatusCode, body
	}
	if status, body := pays(regular); status != http.StatusOK {
		t.Fatalf("answered %d: %s", status, body)
	}
	node, err := ethclient.DialContext(t.Context(), shoptest.Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	block := func() uint64 {
		n, err := node.BlockNumber(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := block()
	var all sync.WaitGroup
	for i := range 30 {
		w := newWallet(t, fmt.Sprint("liar ", i), pagePrice)
		if err := shoptest.Net.SetCode(t.Context(), w.Address(), liar); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if status, body := pays(w); status == http.StatusOK {
				t.Errorf("a wallet that does not pay is answered %d: %s", status, body)
			}
		})
	}
	all.Wait()
	var gas uint64
	for n := before + 1; n <= block(); n++ {
		receipts, err := node.BlockReceipts(t.Context(), rpc.BlockNumberOrHashWithNumber(rpc.BlockNumber(n)))
		if err != nil {
			t.Fatal(err)
		}
		for _, receipt := range receipts {
			if receipt.Status == types.ReceiptStatusFailed {
				gas += receipt.GasUsed
			}
		}
	}
	// Those that are on their way when the gas is used up are paid for too: two, as no more go at once.
	if limit := uint64(most + 2*transfer.KeyGas); gas == 0 || gas > limit {
		t.Errorf("%d units of gas were used by what never pays, want 1 to %d", gas, limit)
	}
	if status, body := pays(newWallet(t, "new", pagePrice)); status != http.StatusPaymentRequired || !strings.Contains(body, "failed in their blocks") {
		t.Errorf("who is new is answered %d: %s", status, body)
	}
	if status, body := pays(regular); status != http.StatusOK {
		t.Errorf("who has paid before is answered %d: %s", status, body)
	}
	if p.LimitHits()["failedTransferGas"] == 0 {
		t.Errorf("the limits met are %v", p.LimitHits())
	}
}
