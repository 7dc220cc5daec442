package agent_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/x402"
)

// finalNet is a chain of its own, whose blocks are final when two more are there.
func finalNet(t testing.TB) *devnet.Net {
	t.Helper()
	net, err := devnet.Start(t.Context(), 0, func(string, ...any) {}, "--slots-in-an-epoch", "1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Stop(); err != nil {
			t.Error(err)
		}
	})
	return net
}

// walletOn is [wallet] on another chain.
func walletOn(t testing.TB, net *devnet.Net) agent.Options {
	t.Helper()
	o := agent.Options{Key: shoptest.Key(t, "wallet"), RPC: net.Anvil.URL(), Token: net.Token, Book: filepath.Join(t.TempDir(), "agent.db")}
	if err := net.Mint(t.Context(), o.Key.Address(), usdc); err != nil {
		t.Fatal(err)
	}
	return o
}

// mine adds blocks, each ten seconds after the one before it.
func mine(t testing.TB, net *devnet.Net, blocks int) {
	t.Helper()
	if err := net.Control(t.Context(), "anvil_mine", fmt.Sprintf("%#x", blocks), "0xa"); err != nil {
		t.Fatal(err)
	}
}

// silent leaves open what becomes of a payment.
func silent(w http.ResponseWriter, _ *x402.PaymentPayload) {
	w.WriteHeader(http.StatusInternalServerError)
}

// doubted is a payer on a chain, with a payment in doubt to a server.
func doubted(t testing.TB, net *devnet.Net) (*taker, agent.Options) {
	t.Helper()
	k, o := newTaker(t, silent), walletOn(t, net)
	if _, receipt, err := visit(t, k.url, o).Do(t.Context(), agent.HTTPRequest{URL: k.url}); err != nil || receipt.InDoubt != price {
		t.Fatalf("%+v, %v", receipt, err)
	}
	return k, o
}

// sends has the server make the first transfer that it was sent.
func (k *taker) sends(t testing.TB, net *devnet.Net) {
	t.Helper()
	k.mu.Lock()
	payload := k.taken[0].Payload.(*x402.AuthorizationPayload)
	k.mu.Unlock()
	a := payload.Authorization
	order := transfer.Transfer{
		Method: transfer.EIP3009, ChainID: net.Client.ChainID(), Token: net.Token, From: a.From, To: a.To, Value: a.Value,
		ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Nonce: a.Nonce, Signature: payload.Signature,
	}
	calls, err := order.Calls(transfer.ByKey, order.Value)
	if err != nil {
		t.Fatal(err)
	}
	sender, err := txmgr.NewSender(t.Context(), net.Client, keys.Dev(devnet.Seller))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }()
	if _, err := sender.Send(t.Context(), txmgr.Call{To: calls[0].To, Data: calls[0].Data}); err != nil {
		t.Fatal(err)
	}
}

// afterOpening is what the book has after a client was opened with it once more.
func afterOpening(t testing.TB, o agent.Options) agent.Spent {
	t.Helper()
	client, err := agent.NewHTTPClient(t.Context(), "http://nobody.invalid", o)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	return budgetOf(t, o)
}

func TestATransferThatWasNotMadeComesBackWhenAFinalBlockSaysSo(t *testing.T) {
	net := finalNet(t)
	_, o := doubted(t, net)
	if spent := afterOpening(t, o); spent.InDoubt != price {
		t.Errorf("while it can be made: %+v", spent)
	}
	mine(t, net, 2) // its time is over, and no block after that is final
	if spent := afterOpening(t, o); spent.InDoubt != price || spent.Total != price {
		t.Errorf("before that is final: %+v", spent)
	}
	mine(t, net, 2)
	if spent := afterOpening(t, o); spent.InDoubt != 0 || spent.Total != 0 {
		t.Errorf("when it is final: %+v", spent)
	}
}

func TestATransferThatAServerMadeInSecretIsSpentOnce(t *testing.T) {
	net := finalNet(t)
	k, o := doubted(t, net)
	k.sends(t, net)
	mine(t, net, 5)
	var all sync.WaitGroup
	for range 4 { // as several processes do
		all.Go(func() {
			if spent := afterOpening(t, o); spent.InDoubt != 0 || spent.Total != price || spent.Today != price {
				t.Errorf("the book has %+v", spent)
			}
		})
	}
	all.Wait()
}

func TestAUsedUpBudgetAsksWhatBecameOfWhatIsInDoubt(t *testing.T) {
	net := finalNet(t)
	k, o := newTaker(t, silent), walletOn(t, net)
	o.Policy.PerDay = price
	client := visit(t, k.url, o)
	pay := func() error {
		_, _, err := client.Do(t.Context(), agent.HTTPRequest{URL: k.url})
		return err
	}
	if err := pay(); err != nil {
		t.Fatal(err)
	}
	if err := pay(); err == nil {
		t.Error("it was paid twice from a budget for one payment")
	}
	mine(t, net, 5)
	if err := pay(); err != nil {
		t.Errorf("when the chain knows that the first was not made: %v", err)
	}
}

// sayingUnused is a node that says of every authorization that it is not used.
func sayingUnused(t testing.TB, net *devnet.Net, lies *atomic.Bool) string {
	word := func(n int) []byte { return fmt.Appendf(nil, `"result":"0x%064x"`, n) }
	return nodeOf(t, net.Anvil.URL(), func(question, answer []byte) []byte {
		if lies.Load() && bytes.Contains(question, []byte("0xe94a0102")) {
			return bytes.Replace(answer, word(1), word(0), 1)
		}
		return answer
	})
}

// withoutFinal is a node that knows of no final block.
func withoutFinal(question, answer []byte) []byte {
	if !bytes.Contains(question, []byte("finalized")) {
		return answer
	}
	id := regexp.MustCompile(`"id":[0-9]+`).Find(question)
	return fmt.Appendf(nil, `{"jsonrpc":"2.0",%s,"error":{"code":-32000,"message":"no final block"}}`, id)
}

func TestTwoNodesMustAgreeThatATransferWasNotMade(t *testing.T) {
	net := finalNet(t)
	k, o := doubted(t, net)
	k.sends(t, net)
	mine(t, net, 5)
	var lies atomic.Bool
	lies.Store(true)
	o.RPC = sayingUnused(t, net, &lies) + "," + net.Anvil.URL()
	if spent := afterOpening(t, o); spent.InDoubt != price {
		t.Errorf("when one of two says that it was not made: %+v", spent)
	}
	o.RPC = net.Anvil.URL() + "," + nodeOf(t, net.Anvil.URL(), withoutFinal)
	if spent := afterOpening(t, o); spent.InDoubt != price {
		t.Errorf("when one of two says nothing: %+v", spent)
	}
	lies.Store(false)
	o.RPC = sayingUnused(t, net, &lies) + "," + net.Anvil.URL()
	if spent := afterOpening(t, o); spent.InDoubt != 0 || spent.Total != price {
		t.Errorf("when both say that it was: %+v", spent)
	}
}

func TestWhatNobodyKnowsTheOutcomeOfIsSpentAfterAMonth(t *testing.T) {
	net := finalNet(t)
	_, o := doubted(t, net)
	mine(t, net, 5)
	o.RPC = nodeOf(t, net.Anvil.URL(), withoutFinal)
	for _, days := range []int{30, 32} {
		o.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
		if spent := afterOpening(t, o); (spent.InDoubt == price) != (days < 31) || spent.Total != price {
			t.Errorf("after %d days: %+v", days, spent)
		}
	}
}
