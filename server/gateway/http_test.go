package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chitpay/chit/server"
)

type counter struct{ n atomic.Int64 }

func (c *counter) add(n int64)  { c.n.Add(n) }
func (c *counter) value() int64 { return c.n.Load() }

func TestOtherHostsAndForeignPagesAreRefused(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("hosts: [Shop.example.com]\nprices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	for name, c := range map[string]struct {
		host, origin string
		status       int
	}{
		"loopback":                  {"", "", http.StatusOK},
		"localhost":                 {"localhost:1", "http://localhost:3000", http.StatusOK},
		"loopback of six":           {"[::1]:1", "http://[::1]", http.StatusOK},
		"a configured host":         {"shop.example.com", "https://shop.example.com", http.StatusOK},
		"a rebound name":            {"evil.example.com", "", http.StatusForbidden},
		"a name that begins alike":  {"shop.example.com.evil.org", "", http.StatusForbidden},
		"localhost in a name":       {"localhost.evil.org", "", http.StatusForbidden},
		"another address":           {"192.0.2.1:80", "", http.StatusForbidden},
		"a foreign page":            {"", "https://evil.example.com", http.StatusForbidden},
		"a page without an origin":  {"", "null", http.StatusForbidden},
		"a page with a broken name": {"", "http://%", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/healthz", "/mcp"} {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				if path == "/healthz" {
					req.Method = http.MethodGet
				}
				req.Host = c.host
				if c.origin != "" {
					req.Header.Set("Origin", c.origin)
				}
				if got := send(t, req); got.status != c.status {
					t.Errorf("%s is answered %d, %s", path, got.status, got.body)
				}
			}
		})
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url(), io.MultiReader(bytes.NewReader(make([]byte, server.MaxBody)), strings.NewReader("x")))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if got := send(t, req); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("it is answered %d, %s", got.status, got.body)
	}
}

func TestARequestHasAnIDThatIsLogged(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`
	for given, kept := range map[string]bool{"mine-1": true, "bad id\t": false, "": false} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Mcp-Session-Id", "mcp-session-00000000-0000-4000-8000-000000000000")
		if given != "" {
			req.Header.Set("X-Request-Id", given)
		}
		id := send(t, req).head.Get("X-Request-Id")
		if id == "" || (id == given) != kept {
			t.Errorf("for %q the id is %q", given, id)
		}
		s.log.wait(t, 1, "msg=call request="+id+` tool=echo price="0 USDC" charged="0 USDC" code=ok upstream=it upstreamTook=`)
	}
}

func TestAClientThatSendsHalfARequestHoldsNobodyUp(t *testing.T) {
	web := serveHTTP(t, "web")
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q}\n", web.url()))
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.health(t); status != "ok" {
		t.Errorf("the health is %s", status)
	}
}

// certificate writes a certificate for 127.0.0.1 and its key, and returns a client
// that trusts it.
func certificate(t testing.TB, cert, key string) *http.Client {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trusted, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(trusted)
	pool := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(pool.CloseIdleConnections)
	return &http.Client{Transport: pool}
}

func TestTLSIsServedFromFiles(t *testing.T) {
	web := serveHTTP(t, "web")
	dir := t.TempDir()
	client := certificate(t, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	s := sell(t, fmt.Sprintf("tls: {cert: %q, key: %q}\nprices: {'*': free}\nupstreams:\n  it: {url: %q}\n", filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), web.url()))
	resp, err := client.Get(s.base + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK || resp.TLS == nil {
		t.Fatalf("answered %+v, %v", resp, err)
	}
	_ = resp.Body.Close()
}
