// Package chaintest is what the tests of a chain's rooms share: a local chain for all of
// them, clients and senders that end with their test, and a proxy that loses requests
// between a client and the chain.
package chaintest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/abigen"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/anvil"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
)

// Dev is the local chain of all tests that need no chain of their own.
var Dev *anvil.Chain

// Run is what a TestMain runs: it starts and ends [Dev], and holds that no goroutine stays.
func Run(m *testing.M) int {
	var err error
	if Dev, err = anvil.Start(context.Background(), anvil.Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := Dev.Stop(); err != nil {
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

// Dial connects to a chain that knows the errors of the escrow.
func Dial(t testing.TB, url string, opts ...chain.Option) *chain.Client {
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

// NewSender returns a sender that ends with the test.
func NewSender(t testing.TB, client *chain.Client, key keys.Signer, opts ...txmgr.Option) *txmgr.Sender {
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

// Control sends a command of anvil's own.
func Control(t testing.TB, url, method string, args ...any) {
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

// EscrowAt deploys the escrow, whose functions the tests call.
func EscrowAt(t testing.TB, sender *txmgr.Sender) common.Address {
	t.Helper()
	address, _, err := sender.Create2(t.Context(), abigen.Deployer, abigen.Salt, abigen.EscrowDeployment.InitCode(), "deploy the escrow")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// Proxy stands between a client and the chain, and loses what it is told to lose.
type Proxy struct {
	*httptest.Server
	Requests atomic.Int64           // how many came
	Sent     atomic.Int64           // of them, those that send a transaction
	Target   atomic.Pointer[string] // where the requests go
	lose     atomic.Pointer[string] // requests of this method ("" is every method) get a 503
}

// NewProxy returns one that hands on to a target and ends with the test.
func NewProxy(t testing.TB, target string) *Proxy {
	p := &Proxy{}
	p.Target.Store(&target)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		p.Requests.Add(1)
		if strings.Contains(string(body), "eth_sendRawTransaction") {
			p.Sent.Add(1)
		}
		if method := p.lose.Load(); method != nil && strings.Contains(string(body), *method) {
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		answer, err := http.Post(*p.Target.Load(), "application/json", bytes.NewReader(body))
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

// Loses has requests with a method lost, all for "".
func (p *Proxy) Loses(method string) { p.lose.Store(&method) }

// LosesNothing ends that.
func (p *Proxy) LosesNothing() { p.lose.Store(nil) }

// Quiet is a chain that mines only when it is told to.
func Quiet(t *testing.T) (*anvil.Chain, *chain.Client) {
	t.Helper()
	local, err := anvil.Start(t.Context(), anvil.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Stop() })
	client := Dial(t, local.URL())
	return local, client
}

// Until polls for something that a chain or another goroutine brings about.
func Until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		<-tick.C
	}
}
