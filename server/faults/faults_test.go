package faults_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/settle"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func TestFaultsOfTheWayToTheChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	for _, kind := range faultKinds {
		w.everybodyBuys()
		w.proxy.does(kind, 35)
		failed := 0
		for range 3 {
			if w.settle() != nil {
				failed++
			}
		}
		w.proxy.does(honest, 0)
		w.passes(fmt.Sprintf("a third of the requests: %s (%d of 3 settlements failed)", kind, failed))
	}
}

// inBackground settles while the test does something to the chain.
func (w *world) inBackground() <-chan error {
	done := make(chan error, 1)
	go func() { done <- w.settle() }()
	until(w.t, "the broadcast", func() bool { return len(w.shop.Transactions()) == 1 })
	return done
}

// replace has another program with the shop's key send something in the place of a
// transaction.
func (w *world) replace(tx txmgr.Pending) {
	w.t.Helper()
	fee := new(big.Int).Lsh(tx.MaxFee, 4)
	foreign, err := w.options.Key.SignTx(w.t.Context(), types.NewTx(&types.DynamicFeeTx{
		ChainID: big.NewInt(31337), Nonce: tx.Nonce, GasTipCap: fee, GasFeeCap: fee, Gas: 21_000, To: &common.Address{9},
	}), 31337)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := foreign.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	w.control(nil, "eth_sendRawTransaction", "0x"+common.Bytes2Hex(raw))
}

func TestFaultsOfATransactionOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	for _, fault := range []struct {
		name    string
		happens func(tx txmgr.Pending)
	}{
		{"is dropped from the pool", func(tx txmgr.Pending) {
			w.control(nil, "anvil_dropTransaction", tx.Tx)
			w.control(nil, "evm_setAutomine", true)
		}},
		{"is stuck below the base fee", func(tx txmgr.Pending) {
			w.control(nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(new(big.Int).Mul(tx.MaxFee, big.NewInt(2))))
			w.control(nil, "anvil_mine", 1)
			until(t, "a fee above the base fee", func() bool {
				pending := w.shop.Transactions()
				return len(pending) == 0 || pending[0].MaxFee.Cmp(new(big.Int).Mul(tx.MaxFee, big.NewInt(2))) > 0
			})
			w.control(nil, "evm_setAutomine", true)
			w.control(nil, "anvil_mine", 1)
		}},
		{"is on its way when the gas price triples", func(tx txmgr.Pending) {
			w.control(nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(new(big.Int).Mul(tx.MaxFee, big.NewInt(3))))
			w.control(nil, "evm_setAutomine", true)
			w.control(nil, "anvil_mine", 1)
		}},
		{"is replaced by another program with the key", func(tx txmgr.Pending) {
			w.replace(tx)
			w.control(nil, "anvil_mine", 1)
			w.control(nil, "evm_setAutomine", true)
		}},
		{"is cancelled by its owner", func(tx txmgr.Pending) {
			if err := w.shop.Cancel(t.Context(), tx.ChainID, tx.Nonce); err != nil {
				t.Error(err)
			}
			w.control(nil, "evm_setAutomine", true)
			w.control(nil, "anvil_mine", 1)
		}},
		{"is mined while nobody waits for it", func(txmgr.Pending) {
			w.restart()
			w.control(nil, "evm_setAutomine", true)
			w.control(nil, "anvil_mine", 1)
		}},
	} {
		w.everybodyBuys()
		w.control(nil, "evm_setAutomine", false)
		done := w.inBackground()
		fault.happens(w.shop.Transactions()[0])
		err := <-done
		if err != nil && !errors.Is(err, txmgr.ErrReplaced) && !errors.Is(err, txmgr.ErrCancelled) && !errors.Is(err, txmgr.ErrClosed) {
			t.Errorf("%s: %v", fault.name, err)
		}
		w.passes("a claim " + fault.name)
	}
}

// settlesUnder settles, and looks at the chain when so many blocks lie on top.
func (w *world) settlesUnder(blocks int) {
	w.t.Helper()
	if err := w.settle(); err != nil {
		w.t.Fatal(err)
	}
	w.control(nil, "anvil_mine", blocks)
	w.poll()
}

func TestFaultsOfTheChainsHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.control(nil, "anvil_mine", 10) // the deposits are deeper than what is lost below
	w.poll()
	for _, fault := range []struct {
		name    string
		happens func()
	}{
		{"is mined and reorganized out", func() {
			w.settlesUnder(2)
			w.control(nil, "anvil_reorg", 4, []any{})
		}},
		{"is mined, and the node is restarted with an earlier state", func() {
			var snapshot string
			w.control(&snapshot, "evm_snapshot")
			w.settlesUnder(3)
			w.control(nil, "evm_revert", snapshot)
		}},
		{"is mined, and node and shop are restarted with an earlier state", func() {
			var snapshot string
			w.control(&snapshot, "evm_snapshot")
			w.settlesUnder(100)
			w.control(nil, "evm_revert", snapshot)
			w.restart()
		}},
		{"is mined behind a reorganized deposit", func() {
			p := w.payers[0]
			var snapshot string
			w.control(&snapshot, "evm_snapshot")
			w.deposit(p, 100*usdc)
			w.poll()
			if !w.buy(p, 50*usdc) {
				t.Fatal("the deposit is not credited")
			}
			w.control(nil, "evm_revert", snapshot)
			w.poll()
			if err := w.settle(); err != nil {
				t.Fatal(err)
			}
			if view := w.shop.Channels()[0]; view.Channel != p.id || view.SetAside == nil {
				t.Errorf("the channel is %+v, want it set aside", view)
			}
			w.deposit(p, 100*usdc) // the payer is honest
		}},
	} {
		w.everybodyBuys()
		fault.happens()
		w.passes("a claim " + fault.name)
	}
}

func TestFaultsOfTheToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.everybodyBuys()
	if err := w.net.Blacklist(t.Context(), w.payers[0].key.Address()); err != nil {
		t.Fatal(err)
	}
	w.passes("a payer is blacklisted")
	w.everybodyBuys()
	if err := w.net.Blacklist(t.Context(), w.options.PayTo); err != nil {
		t.Fatal(err)
	}
	w.finish()
	if left := w.unclaimed(); left != 0 {
		t.Errorf("%s are unclaimed: they can be withdrawn", left)
	}
	if err := w.net.UnBlacklist(t.Context(), w.options.PayTo); err != nil {
		t.Fatal(err)
	}
	if err := w.settle(); err != nil {
		t.Fatal(err)
	}
	w.passes("the receiver is blacklisted for a while")
}

// defends claims against every withdrawal, until nothing is left to claim.
func (w *world) defends() {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.shop.Settler.Run(ctx, 0) }()
	for w.unclaimed() > 0 && w.t.Context().Err() == nil {
		_, _ = w.shop.Watcher.Poll(ctx)
		for _, pending := range w.shop.Withdrawals() {
			if ch, _ := w.shop.Ledger.Channel(pending.Channel); ch.Claimable() > 0 {
				w.shop.Settler.Defend(ch)
			}
		}
		_ = w.settle()
	}
	stop()
	<-ended
}

// withdraws announces that a payer takes out everything.
func (w *world) withdraws(p *payer, own *txmgr.Sender) {
	w.t.Helper()
	for { // a claim may be mined in between
		rest := w.state(p)
		_, err := w.escrow.InitiateWithdraw(w.t.Context(), own, p.config, rest.Balance-rest.Claimed)
		if err == nil {
			return
		}
		if !chain.IsRevert(err) {
			w.t.Fatal(err)
		}
	}
}

func TestFaultsOfAPayer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	for _, fault := range []struct {
		name    string
		happens func(withdraw func())
	}{
		{"while the claim is on its way", func(withdraw func()) {
			w.control(nil, "evm_setAutomine", false)
			done := w.inBackground()
			w.control(nil, "evm_setAutomine", true)
			withdraw()
			w.control(nil, "anvil_mine", 1)
			if err := <-done; err != nil {
				t.Error(err)
			}
		}},
		{"while the shop is down, with one block to spare", func(withdraw func()) {
			if err := w.close(); err != nil {
				t.Fatal(err)
			}
			withdraw()
			w.control(nil, "evm_increaseTime", w.options.WithdrawDelay-10)
			w.control(nil, "evm_mine")
			w.open()
		}},
		{"while the base fee rises and the way to the chain fails", func(withdraw func()) {
			withdraw()
			w.control(nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(big.NewInt(50_000_000_000)))
			w.control(nil, "evm_mine")
			w.proxy.does(dropped, 40)
			w.defends()
			w.proxy.does(honest, 0)
		}},
	} {
		w.everybodyBuys()
		p := w.payers[0]
		own, err := txmgr.NewSender(t.Context(), w.net.Client, p.key)
		if err != nil {
			t.Fatal(err)
		}
		fault.happens(func() { w.withdraws(p, own) })
		w.finish() // before the delay has passed
		w.control(nil, "evm_increaseTime", w.options.WithdrawDelay)
		if _, err := w.escrow.FinalizeWithdraw(t.Context(), own, p.config); err != nil {
			t.Logf("the payer gets no more: %v", err)
		}
		w.passes("a payer withdraws everything " + fault.name)
		w.deposit(p, 10*usdc)
		w.poll()
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFaultsOfAPayerWhileASettlementIsStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.poll()
	w.everybodyBuys()
	w.control(nil, "evm_setAutomine", false)
	limit := big.NewInt(3_000_000_000)
	stuck := make(chan error, 1)
	go func() {
		_, err := w.shop.Settler.SettleAs(t.Context(), settle.Request{MaxGasPrice: limit}, nil)
		stuck <- err
	}()
	until(t, "the broadcast", func() bool { return len(w.shop.Transactions()) == 1 })
	mineDear := func() {
		w.control(nil, "anvil_setNextBlockBaseFeePerGas", (*hexutil.Big)(new(big.Int).Mul(limit, big.NewInt(10))))
		w.control(nil, "evm_mine")
	}
	mineDear()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.shop.Settler.Run(ctx, 0) }()
	own, err := txmgr.NewSender(t.Context(), w.net.Client, w.payers[0].key)
	if err != nil {
		t.Fatal(err)
	}
	announced := make(chan error, 1)
	go func() {
		_, err := w.escrow.InitiateWithdraw(t.Context(), own, w.payers[0].config, 10*usdc)
		announced <- err
	}()
	until(t, "the defense", func() bool {
		mineDear()
		_, err := w.shop.Watcher.Poll(t.Context())
		return err == nil && w.unclaimed() == 0
	})
	w.control(nil, "evm_setAutomine", true)
	w.control(nil, "evm_mine")
	for _, err := range []error{<-announced, <-stuck, own.Close()} {
		if err != nil {
			t.Error(err)
		}
	}
	stop()
	<-ended
	w.passes("a payer withdraws everything while a settlement is stuck at the operator's limit")
}

func TestFaultsOfTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.everybodyBuys()
	if second, err := server.Open(t.Context(), w.options); err == nil {
		t.Error("a second shop opened the store", second.Close())
	}
	done := make(chan error, 4)
	for range cap(done) {
		go func() { done <- w.settle() }()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.passes("two shops and four settlements on one store")
}
