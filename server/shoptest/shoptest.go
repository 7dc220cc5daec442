// Package shoptest opens real shops for tests: a local chain with contracts and
// USDC, a store in a temporary folder, the example tools over streamable HTTP.
package shoptest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
	mcpserver "github.com/mark3labs/mcp-go/server"
	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/example"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

// USDC is one USDC in atomic units.
const USDC = vouchers.Amount(1_000_000)

// Net is the chain of all tests of a package; [Main] starts it.
var Net *devnet.Net

// Main runs a package's tests with a local chain, and looks for leaked goroutines
// after them. Arguments are the chain's, as [devnet.Start] has them.
func Main(m *testing.M, chain ...string) {
	os.Exit(run(m, chain))
}

func run(m *testing.M, chain []string) int {
	var err error
	if Net, err = devnet.Start(context.Background(), 0, func(string, ...any) {}, chain...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := Net.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// Shop is an open shop with its URL.
type Shop struct {
	*server.Shop
	// URL is the MCP endpoint.
	URL string
	// Options are what it was opened with.
	Options server.Options

	http *httptest.Server
}

// Options are those of a shop whose receiver is paid by this test alone.
func Options(t testing.TB) server.Options {
	return server.Options{
		RPC: Net.Anvil.URL(), Key: sellerKey(t), PayTo: Key(t, "receiver").Address(), Token: Net.Token,
		Store: filepath.Join(t.TempDir(), "server.db"), Prices: example.Prices, WithdrawDelay: vouchers.MinWithdrawDelay,
		Logger: slog.New(slog.DiscardHandler),
	}
}

// Open opens a shop with the example tools, and those that more adds. It is closed
// with the test.
func Open(t testing.TB, o server.Options, more ...func(*mcpserver.MCPServer)) *Shop {
	t.Helper()
	shop, err := server.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	tools := mcpserver.NewMCPServer("test shop", "1")
	example.AddTools(tools)
	shop.Sell(tools)
	for _, add := range more {
		add(tools)
	}
	s := &Shop{Shop: shop, Options: o, http: httptest.NewServer(shop.Handler(tools))}
	s.URL = s.http.URL + "/mcp"
	t.Cleanup(func() { s.Stop(t) })
	return s
}

// Stop closes the shop before the test ends.
func (s *Shop) Stop(t testing.TB) {
	t.Helper()
	s.http.CloseClientConnections()
	s.http.Close()
	if err := s.Close(); err != nil {
		t.Errorf("close the shop: %v", err)
	}
}

// sellerKey is a key with gas: on a chain that is not known to be local, where shops refuse those
// that everybody has, one that this test alone has.
func sellerKey(t testing.TB) keys.Signer {
	t.Helper()
	public := keys.Dev(devnet.Seller)
	if keys.RefuseDev(Net.Client.ChainID(), public) == nil {
		return public
	}
	own := Key(t, "seller")
	client, err := rpc.DialContext(t.Context(), Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.CallContext(t.Context(), nil, "anvil_setBalance", own.Address(), "0x56bc75e2d63100000"); err != nil {
		t.Fatal(err)
	}
	return own
}

// Key is a key that this test alone has, without money.
func Key(t testing.TB, role string) keys.Signer {
	t.Helper()
	private, err := crypto.ToECDSA(crypto.Keccak256(fmt.Appendf(nil, "%s of run %d of %s", role, runOf(t), t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	return keys.NewSigner(private)
}

// runs tells the runs of a test apart: they share a chain (go test -count).
var runs = struct {
	sync.Mutex // guards what follows
	last       uint64
	of         map[testing.TB]uint64
}{of: make(map[testing.TB]uint64)}

func runOf(t testing.TB) uint64 {
	runs.Lock()
	defer runs.Unlock()
	if _, known := runs.of[t]; !known {
		runs.last++
		runs.of[t] = runs.last
		t.Cleanup(func() {
			runs.Lock()
			defer runs.Unlock()
			delete(runs.of, t)
		})
	}
	return runs.of[t]
}

// Payer is a key that has 100 USDC and gas.
func Payer(t testing.TB, role string) keys.Signer {
	t.Helper()
	key := Key(t, role)
	if err := Net.Mint(t.Context(), key.Address(), 100*USDC); err != nil {
		t.Fatal(err)
	}
	Control(t, "anvil_setBalance", key.Address(), "0xde0b6b3a7640000")
	return key
}

// Control sends anvil a command of its own.
func Control(t testing.TB, method string, args ...any) {
	t.Helper()
	client, err := rpc.DialContext(t.Context(), Net.Anvil.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.CallContext(t.Context(), nil, method, args...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// Copy is the path of a store that is what a crash of the shop at this moment would leave: all
// that is durable, and no more.
func Copy(t testing.TB, shop interface {
	Backup(ctx context.Context, w io.Writer) (int64, error)
}) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "copy.db")
	var backup bytes.Buffer
	_, err := shop.Backup(t.Context(), &backup)
	if err == nil {
		_, err = restore.From(&backup, path, nil)
	}
	if err != nil {
		t.Error(err)
	}
	return path
}
