package site_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/devnet"
	"github.com/chitpay/chit/server/facilitator/access"
	"github.com/chitpay/chit/server/facilitator/config"
	"github.com/chitpay/chit/server/facilitator/site"
)

// local is the chain.
var local *devnet.Net

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if local, err = devnet.Start(context.Background(), 0, func(string, ...any) {}); err != nil {
		return 1, err
	}
	code = m.Run()
	if err := local.Stop(); err != nil {
		return 1, err
	}
	return code, goleak.Find()
}

// open opens a facilitator by a config that ends with the lines.
func open(t testing.TB, lines string) http.Handler {
	t.Helper()
	file := filepath.Join(t.TempDir(), "facilitator.yaml")
	text := fmt.Sprintf("listen: 127.0.0.1:0\nchains:\n- {network: %q, rpc: [%q], keys: ['dev:5']}\n%s", local.Client.Network(), local.Anvil.URL(), lines)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := site.Open(t.Context(), c, site.Options{
		Key: func(string) (keys.Signer, error) { return keys.Dev(5), nil }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.Handler()
}

// get asks a handler, as a client that calls it by the host, with headers in pairs.
func get(handler http.Handler, host, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = host
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

const metric = "chit_facilitator_transfers_waiting{"

func TestWithoutKeysThisMachineAloneReadsTheMetrics(t *testing.T) {
	handler := open(t, "")
	for host, want := range map[string]int{"localhost:8403": 200, "127.0.0.1": 200, "[::1]:8403": 200, "rebound.example:8403": 403, "192.0.2.1": 403, "": 403} {
		for _, path := range []string{"/metrics", "/supported"} {
			w := get(handler, host, path)
			if w.Code != want || path == "/metrics" && strings.Contains(w.Body.String(), metric) != (want == 200) {
				t.Errorf("%s as %q: %d %.200s", path, host, w.Code, w.Body)
			}
		}
	}
}

func TestWithKeysOnlyOneThatWatchesReadsTheMetrics(t *testing.T) {
	shop, shopHash := access.Generate()
	watching, watchHash := access.Generate()
	handler := open(t, fmt.Sprintf("keys:\n- {name: shop, hash: %q}\n- {name: prometheus, hash: %q, metrics: true}\n", shopHash, watchHash))
	for secret, want := range map[string]int{"": 401, "unknown": 401, shop: 403, watching: 200} {
		w := get(handler, "facilitator.example", "/metrics", "Authorization", "Bearer "+secret)
		if w.Code != want || strings.Contains(w.Body.String(), metric) != (want == 200) || (w.Header().Get("WWW-Authenticate") == "Bearer") != (want == 401) {
			t.Errorf("%.12s is answered by %d %v %.200s", secret, w.Code, w.Header(), w.Body)
		}
	}
}

func TestAnOpenFacilitatorShowsNobodyItsMetrics(t *testing.T) {
	handler := open(t, "open: true\n")
	if w := get(handler, "localhost", "/metrics"); w.Code != http.StatusNotFound {
		t.Errorf("the metrics: %d %.200s", w.Code, w.Body)
	}
	if w := get(handler, "facilitator.example", "/supported"); w.Code != http.StatusOK {
		t.Errorf("what is served: %d %s", w.Code, w.Body)
	}
}

func TestAPageOfAnotherOriginMakesItSettleNothing(t *testing.T) {
	handler := open(t, "")
	r := httptest.NewRequest(http.MethodPost, "/settle", strings.NewReader("{}"))
	r.Host = "localhost"
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("the answer is %d %s", w.Code, w.Body)
	}
}
