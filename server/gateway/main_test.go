package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway"
	"github.com/chitpay/chit/server/shoptest"
)

// stdioVariable makes the test binary an upstream on standard input and output.
const stdioVariable = "GATEWAY_TEST_STDIO"

func TestMain(m *testing.M) {
	if name := os.Getenv(stdioVariable); name != "" {
		if err := mcpserver.ServeStdio(newService(name).mcp); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	shoptest.Main(m)
}

const usdc = shoptest.USDC

// patience bounds every wait of a test for something that has to happen.
const patience = 30 * time.Second

// journal is a log that a test can wait on.
type journal struct {
	mu   sync.Mutex // guards what follows
	text bytes.Buffer
	news chan struct{}
}

func newJournal() *journal { return &journal{news: make(chan struct{})} }

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(p)
	close(j.news)
	j.news = make(chan struct{})
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// wait returns once the log has a text so many times.
func (j *journal) wait(t testing.TB, times int, text string) {
	t.Helper()
	late := time.After(patience)
	for {
		j.mu.Lock()
		count, news := strings.Count(j.text.String(), text), j.news
		j.mu.Unlock()
		if count >= times {
			return
		}
		select {
		case <-news:
		case <-late:
			t.Fatalf("%q was logged %d times, not %d:\n%s", text, count, times, j)
		}
	}
}

// selling is a gateway that runs.
type selling struct {
	*gateway.Gateway
	shop *server.Shop
	// base is http://host:port, file the config's path.
	base, file string
	log        *journal
	stop       func() error
	ill        bool // the store fails, on purpose
}

func (s *selling) url() string { return s.base + "/mcp" }

// freely begins a config that gives every tool for nothing.
const freely = "prices: {'*': free}\n"

// writeConfig writes a config file. Lines may be indented by tabs as a whole.
func writeConfig(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	rewrite(t, file, text)
	return file
}

func rewrite(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sell runs a gateway. It is stopped with the test.
func sell(t testing.TB, config string) *selling {
	t.Helper()
	s := &selling{file: writeConfig(t, config), log: newJournal()}
	loaded, err := gateway.Load(s.file)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	options := shoptest.Options(t)
	options.Prices, options.Logger = nil, logger
	options.Settlement.IdleAfter = time.Nanosecond // what was charged last is settled, too
	for name, text := range loaded.Limits {
		if err := options.Limits.Set(name, text); err != nil {
			t.Fatal(err)
		}
	}
	if s.shop, err = server.Open(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if s.Gateway, err = gateway.Open(t.Context(), s.shop, loaded, gateway.Options{Version: "1", Logger: logger}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.base = "http://" + listener.Addr().String()
	if loaded.TLS != nil {
		s.base = "https://" + listener.Addr().String()
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var served error
	var running sync.WaitGroup
	running.Go(func() { served = s.Serve(ctx, server.Listeners{Public: listener}) })
	s.stop = sync.OnceValue(func() error {
		cancel()
		running.Wait()
		return served
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
		s.Close()
		if err := s.shop.Close(); err != nil && !s.ill {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(s.log)
		}
	})
	return s
}

// buyer is a paying client of the gateway with 10 USDC in its channel.
func (s *selling) buyer(t testing.TB) *agent.Client {
	t.Helper()
	client, err := agent.Dial(t.Context(), s.url(), agent.Options{
		Key: shoptest.Payer(t, "payer"), RPC: shoptest.Net.Anvil.URL(), Token: shoptest.Net.Token, Book: filepath.Join(t.TempDir(), "agent.db"),
		Policy: agent.Policy{MaxPrice: usdc}, // prices change
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := client.Deposit(t.Context(), 10*usdc); err != nil {
		t.Fatal(err)
	}
	return client
}

// charged is what all channels were charged together.
func (s *selling) charged() (sum uint64) {
	for ch := range s.shop.Ledger.Channels() {
		sum += uint64(ch.Charged)
	}
	return sum
}

func textOf(t testing.TB, result *mcp.CallToolResult) string {
	t.Helper()
	if result == nil || len(result.Content) == 0 {
		t.Fatalf("no content in %+v", result)
	}
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		t.Fatalf("the result is a %T", result.Content[0])
	}
	return content.Text
}

// buy makes a paid call that must succeed and cost so much.
func buy(t testing.TB, client *agent.Client, price uint64, tool string, arguments map[string]any) *mcp.CallToolResult {
	t.Helper()
	result, receipt, err := client.CallTool(t.Context(), tool, arguments)
	if err != nil {
		t.Fatal(err)
	}
	if result.IsError || uint64(receipt.Charged) != price {
		t.Fatalf("%s cost %s, want %d: %+v", tool, receipt.Charged, price, result)
	}
	return result
}
