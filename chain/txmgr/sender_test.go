package txmgr_test

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/chaintest"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

// journal is a journal in memory that survives its sender.
type journal struct {
	mu      sync.Mutex // guards entries
	entries map[string][]byte
}

func newJournal() *journal { return &journal{entries: make(map[string][]byte)} }

func (j *journal) Put(key, value []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries[string(key)] = slices.Clone(value)
	return nil
}

func (j *journal) Delete(key []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.entries, string(key))
	return nil
}

func (j *journal) ForEach(visit func(key, value []byte) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, v := range j.entries {
		if err := visit([]byte(k), v); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.entries)
}

func sendInBackground(sender *txmgr.Sender, call txmgr.Call) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := sender.Send(context.Background(), call)
		done <- err
	}()
	return done
}

func TestManyGoroutinesShareOneKey(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	kept := newJournal()
	sender := chaintest.NewSender(t, client, keys.Dev(2), txmgr.WithJournal(kept))
	escrow := chaintest.EscrowAt(t, sender)
	const calls = 40
	hashes := make([]common.Hash, calls)
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			receipt, err := sender.Send(t.Context(), settle(escrow))
			if err != nil {
				t.Error(err)
				return
			}
			hashes[i] = receipt.TxHash
		})
	}
	all.Wait()
	slices.SortFunc(hashes, common.Hash.Cmp)
	if len(slices.Compact(hashes)) != calls {
		t.Errorf("%d calls became fewer transactions", calls)
	}
	if kept.size() != 0 {
		t.Errorf("%d entries stay in the journal", kept.size())
	}
}

func TestACallThatTheContractRefusesIsNotSent(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, client, keys.Dev(3))
	escrow := chaintest.EscrowAt(t, sender)
	_, err := sender.Send(t.Context(), txmgr.Call{To: escrow, Data: abigen.NewEscrow().PackClaim(nil), Label: "claim nothing"})
	if !chain.IsRevert(err) {
		t.Errorf("refused with %v", err)
	}
	first, err := sender.Send(t.Context(), settle(escrow))
	if err != nil {
		t.Fatal(err)
	}
	second, err := sender.Send(t.Context(), settle(escrow))
	if err != nil || first.BlockNumber.Uint64()+1 != second.BlockNumber.Uint64() {
		t.Errorf("the next two calls are in blocks %s and %s, %v", first.BlockNumber, second.BlockNumber, err)
	}
}

func TestACallWithAKeyHappensOnce(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	kept := newJournal()
	sender := chaintest.NewSender(t, client, keys.Dev(4), txmgr.WithJournal(kept))
	call := settle(chaintest.EscrowAt(t, sender))
	call.Key = "once"
	if sender.Knows(call.Key) {
		t.Error("the key is known before the call")
	}
	first, err := sender.Send(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sender.Send(t.Context(), call)
	if err != nil || again.TxHash != first.TxHash {
		t.Errorf("sent again as %v, %v", again, err)
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	restarted := chaintest.NewSender(t, client, keys.Dev(4), txmgr.WithJournal(kept))
	later, err := restarted.Send(t.Context(), call)
	if err != nil || later.TxHash != first.TxHash || !restarted.Knows(call.Key) {
		t.Errorf("after a restart: %v, %v", later, err)
	}
}

func TestConcurrentCallsWithOneKeyAreOneTransaction(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	sender := chaintest.NewSender(t, client, keys.Dev(5))
	call := settle(chaintest.EscrowAt(t, sender))
	call.Key = "together"
	hashes := make([]common.Hash, 10)
	var all sync.WaitGroup
	for i := range hashes {
		all.Go(func() {
			receipt, err := sender.Send(t.Context(), call)
			if err != nil {
				t.Error(err)
				return
			}
			hashes[i] = receipt.TxHash
		})
	}
	all.Wait()
	if len(slices.Compact(hashes)) != 1 {
		t.Errorf("several transactions: %v", hashes)
	}
}

func TestATransactionThatWasWrittenDownAndNeverBroadcastIsSentAfterARestart(t *testing.T) {
	local, _ := chaintest.Quiet(t)
	lossy := chaintest.NewProxy(t, local.URL())
	client := chaintest.Dial(t, lossy.URL)
	kept := newJournal()
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithJournal(kept))
	call := settle(chaintest.EscrowAt(t, sender))
	call.Key = "crash"
	lossy.Loses("eth_sendRawTransaction")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := sender.Send(ctx, call)
		done <- err
	}()
	chaintest.Until(t, "the journal entry", func() bool { return kept.size() == 1 })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("the caller got %v", err)
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	lossy.LosesNothing()
	restarted := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithJournal(kept))
	receipt, err := restarted.Send(t.Context(), call)
	if err != nil || receipt.Status != types.ReceiptStatusSuccessful {
		t.Fatalf("after the restart: %v, %v", receipt, err)
	}
	nonce := nonceOf(t, local.URL(), keys.Dev(0).Address())
	if nonce != 2 {
		t.Errorf("%d transactions, want 2: the deployment and the call", nonce)
	}
}

func nonceOf(t *testing.T, url string, account common.Address) uint64 {
	t.Helper()
	head := dialETH(t, url)
	nonce, err := head.NonceAt(t.Context(), account, nil)
	if err != nil {
		t.Fatal(err)
	}
	return nonce
}

func TestAStuckTransactionIsSentAgainWithAHigherFee(t *testing.T) {
	local, client := chaintest.Quiet(t)
	setup := chaintest.NewSender(t, client, keys.Dev(1))
	escrow := chaintest.EscrowAt(t, setup)
	chaintest.Control(t, local.URL(), "evm_setAutomine", false)
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithStuckAfter(50*time.Millisecond))
	done := sendInBackground(sender, settle(escrow))
	eth := dialETH(t, local.URL())
	var fees []*big.Int
	chaintest.Until(t, "a second fee", func() bool {
		fee := pendingFee(t, eth, keys.Dev(0).Address())
		if fee != nil && (len(fees) == 0 || fee.Cmp(fees[len(fees)-1]) != 0) {
			fees = append(fees, fee)
		}
		return len(fees) > 2
	})
	if fees[1].Cmp(fees[0]) <= 0 || fees[2].Cmp(fees[1]) <= 0 {
		t.Errorf("the fees are %v, want them to rise", fees)
	}
	chaintest.Control(t, local.URL(), "evm_setAutomine", true)
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if nonce := nonceOf(t, local.URL(), keys.Dev(0).Address()); nonce != 1 {
		t.Errorf("%d transactions were mined, want 1", nonce)
	}
}

func TestATransactionOfAnotherProgramWithTheSameKeyIsNoticed(t *testing.T) {
	local, client := chaintest.Quiet(t)
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1)))
	chaintest.Control(t, local.URL(), "evm_setAutomine", false)
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithStuckAfter(time.Hour))
	done := sendInBackground(sender, settle(escrow))
	eth := dialETH(t, local.URL())
	chaintest.Until(t, "the broadcast", func() bool { return pendingFee(t, eth, keys.Dev(0).Address()) != nil })
	fee := new(big.Int).Lsh(pendingFee(t, eth, keys.Dev(0).Address()), 4)
	foreign, err := keys.Dev(0).SignTx(t.Context(), types.NewTx(&types.DynamicFeeTx{
		ChainID: big.NewInt(31337), GasTipCap: fee, GasFeeCap: fee, Gas: 21000, To: &common.Address{9},
	}), 31337)
	if err != nil {
		t.Fatal(err)
	}
	if err := eth.SendTransaction(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; !errors.Is(err, txmgr.ErrReplaced) {
		t.Errorf("the call ended with %v, want ErrReplaced", err)
	}
}

func TestACallIsDoneOnceItIsDeepEnough(t *testing.T) {
	local, client := chaintest.Quiet(t)
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(1)))
	sender := chaintest.NewSender(t, client, keys.Dev(0), txmgr.WithConfirmations(3))
	done := sendInBackground(sender, settle(escrow))
	chaintest.Until(t, "the transaction", func() bool { return nonceOf(t, local.URL(), keys.Dev(0).Address()) == 1 })
	before, err := client.BlockNumber(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	select {
	case err := <-done:
		t.Fatalf("done after 2 blocks: %v", err)
	default:
	}
	chaintest.Control(t, local.URL(), "anvil_mine", 1)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if after, err := client.BlockNumber(t.Context()); err != nil || after != before+2 {
		t.Errorf("at block %d, %v, want %d", after, err, before+2)
	}
}

func TestAnAccountWithoutGasMoneyIsSaid(t *testing.T) {
	private, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	client := chaintest.Dial(t, chaintest.Dev.URL())
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(6)))
	kept := newJournal()
	poor := chaintest.NewSender(t, client, keys.NewSigner(private), txmgr.WithJournal(kept))
	if _, err := poor.Send(t.Context(), settle(escrow)); !errors.Is(err, chain.ErrFunds) {
		t.Errorf("sent with %v, want ErrFunds", err)
	}
	if kept.size() != 0 {
		t.Errorf("%d entries stay in the journal", kept.size())
	}
}

func TestAFeeAboveTheLimitIsNotPaid(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7)))
	thrifty := chaintest.NewSender(t, client, keys.Dev(8), txmgr.WithMaxFee(big.NewInt(1)))
	if _, err := thrifty.Send(t.Context(), settle(escrow)); !errors.Is(err, txmgr.ErrFee) {
		t.Errorf("sent with %v, want ErrFee", err)
	}
}

func TestAClosedSenderSendsNothing(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	escrow := chaintest.EscrowAt(t, chaintest.NewSender(t, client, keys.Dev(7)))
	sender := chaintest.NewSender(t, client, keys.Dev(8))
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sender.Send(t.Context(), settle(escrow)); !errors.Is(err, txmgr.ErrClosed) {
		t.Errorf("sent with %v, want ErrClosed", err)
	}
}

func TestADamagedJournalStopsTheSender(t *testing.T) {
	client := chaintest.Dial(t, chaintest.Dev.URL())
	for name, entry := range map[string][2]string{
		"an unknown key": {"x", ""},
		"not JSON":       {"f12345678", "{"},
		"no transaction": {"f12345678", `{"label":"deposit","txs":[]}`},
		"a cut one":      {"f12345678", `{"label":"deposit","txs":["0x02f8"]}`},
	} {
		kept := newJournal()
		if err := kept.Put([]byte(entry[0]), []byte(entry[1])); err != nil {
			t.Fatal(err)
		}
		if sender, err := txmgr.NewSender(t.Context(), client, keys.Dev(9), txmgr.WithJournal(kept)); err == nil {
			t.Errorf("%s: accepted", name)
			_ = sender.Close()
		}
	}
}

func TestAContractIsDeployedOnce(t *testing.T) {
	_, client := chaintest.Quiet(t)
	sender := chaintest.NewSender(t, client, keys.Dev(0))
	code := abigen.EscrowDeployment.InitCode()
	address, receipt, err := sender.Create2(t.Context(), abigen.Deployer, abigen.Salt, code, "deploy")
	if err != nil || receipt == nil || address != abigen.EscrowDeployment.Address {
		t.Fatalf("deployed at %s, %v, %v", address, receipt, err)
	}
	again, receipt, err := sender.Create2(t.Context(), abigen.Deployer, abigen.Salt, code, "deploy")
	if err != nil || receipt != nil || again != address {
		t.Errorf("deployed again at %s, %v, %v", again, receipt, err)
	}
	if _, _, err := sender.Create2(t.Context(), common.Address{7}, abigen.Salt, code[1:], "deploy"); !errors.Is(err, txmgr.ErrNoDeployer) {
		t.Errorf("without a deployer: %v", err)
	}
}
