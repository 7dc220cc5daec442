package chain_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

// anvil is the local chain of all tests that need no chain of their own.
var devChain *anvil.Chain

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if devChain, err = anvil.Start(context.Background(), anvil.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := devChain.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func dial(t testing.TB, url string, opts ...chain.Option) *chain.Client {
	t.Helper()
	escrowABI, err := abigen.EscrowMetaData.ParseABI()
	if err != nil {
		t.Fatal(err)
	}
	client, err := chain.Dial(t.Context(), url, append(opts, chain.WithErrors(escrowABI))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func newSender(t testing.TB, client *chain.Client, key keys.Signer, opts ...txmgr.Option) *txmgr.Sender {
	t.Helper()
	sender, err := txmgr.NewSender(t.Context(), client, key, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sender.Close(); err != nil {
			t.Error(err)
		}
	})
	return sender
}

// control sends a command of anvil's own.
func control(t testing.TB, url, method string, args ...any) {
	t.Helper()
	client, err := rpc.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.CallContext(t.Context(), nil, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// escrowAt deploys the escrow, whose functions the tests call.
func escrowAt(t testing.TB, sender *txmgr.Sender) common.Address {
	t.Helper()
	address, _, err := sender.Create2(t.Context(), abigen.Deployer, abigen.Salt, abigen.EscrowDeployment.InitCode(), "deploy the escrow")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// settle is a call that always succeeds and changes nothing.
func settle(escrow common.Address) txmgr.Call {
	return txmgr.Call{To: escrow, Data: abigen.NewEscrow().PackSettle(common.Address{1}, common.Address{2}), Label: "settle nothing"}
}

// proxy stands between a client and the chain, and loses what it is told to lose.
type proxy struct {
	*httptest.Server
	requests atomic.Int64
	sent     atomic.Int64           // of them, those that send a transaction
	target   atomic.Pointer[string] // where the requests go
	lose     atomic.Pointer[string] // requests of this method ("" is every method) get a 503
}

func newProxy(t testing.TB, target string) *proxy {
	p := &proxy{}
	p.target.Store(&target)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.requests.Add(1)
		if strings.Contains(string(body), "eth_sendRawTransaction") {
			p.sent.Add(1)
		}
		if method := p.lose.Load(); method != nil && strings.Contains(string(body), *method) {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		answer, err := http.Post(*p.target.Load(), "application/json", bytes.NewReader(body))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = answer.Body.Close() }()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.Copy(w, answer.Body)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) loses(method string) { p.lose.Store(&method) }
func (p *proxy) losesNothing()       { p.lose.Store(nil) }

func dialETH(t testing.TB, url string) *ethclient.Client {
	t.Helper()
	client, err := ethclient.DialContext(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// pendingFee is the highest fee per gas of an account's transaction in the pool, nil if there is none.
func pendingFee(t testing.TB, eth *ethclient.Client, account common.Address) *big.Int {
	t.Helper()
	var pool struct {
		Pending map[common.Address]map[string]struct {
			MaxFeePerGas *hexutil.Big `json:"maxFeePerGas"`
		} `json:"pending"`
	}
	if err := eth.Client().CallContext(t.Context(), &pool, "txpool_content"); err != nil {
		t.Fatal(err)
	}
	for _, tx := range pool.Pending[account] {
		return tx.MaxFeePerGas.ToInt()
	}
	return nil
}
