package gateway_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"testing"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// payingFor is what a tool call carries that is paid up to a ceiling of w's channel.
func (w *walker) payingFor(calls int, progress any) *mcp.Meta {
	w.t.Helper()
	return &mcp.Meta{ProgressToken: progress, AdditionalFields: map[string]any{x402.MetaPayment: w.pays(routePrice * vouchers.Amount(calls))}}
}

func TestProgressOfAPaidCallReachesItsClientBeforeTheResult(t *testing.T) {
	service, _ := backend(t)
	web, sse := serveHTTP(t, "web"), serveSSE(t, "sse")
	s := sell(t, fmt.Sprintf(`
prices: {"*": 0.002, "*heard": 0}
upstreams:
  web: {url: %q, prefix: web}
  sse: {url: %q, sse: true, prefix: sse}
  stdio: %s
routes:
  - {path: /v1/item, upstream: "%s/items/7", price: 0.002}
`, web.url(), sse.url(), stdioUpstream(t, "stdio"), service.URL))
	w := newWalker(t, s, "/v1/item")
	w.receipt(w.do(http.MethodGet, "/v1/item", "", w.deposits(usdc, routePrice)))
	client, heard := s.listener(t)
	for i, upstream := range []string{"web_", "sse_", ""} {
		var calling sync.WaitGroup
		calling.Go(func() {
			result := call(t, client, upstream+"steps", w.payingFor(i+2, "mine"))
			receipt, err := x402.DecodeValue[x402.SettlementResponse](result.Meta.AdditionalFields[x402.MetaPaymentResponse])
			if textOf(t, result) != "three steps" || err != nil || *receipt.Extra.ChargedAmount != routePrice {
				t.Errorf("%ssteps says %+v, %v", upstream, result, err)
			}
		})
		for step := range 3 {
			got := next(t, heard, string(mcp.MethodNotificationProgress))
			if got["progressToken"] != "mine" || got["progress"] != float64(step+1) || got["total"] != 3.0 {
				t.Errorf("step %d of %ssteps is %v", step+1, upstream, got)
			}
		}
		call(t, client, upstream+"heard", nil)
		calling.Wait()
	}
	if s.charged() != 4*routePrice {
		t.Errorf("charged %d", s.charged())
	}
}

// bulky has content of every kind, of megabytes.
func bulky() *mcp.CallToolResult {
	bytes := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(bytes) // never fails
	data := base64.StdEncoding.EncodeToString(bytes)
	result := mcp.NewToolResultStructured(map[string]any{"size": float64(len(bytes)), "odd": "\u2028\u0000<&>"}, "a text \u2028 with \x00 all kinds \U0001F9FE of characters")
	result.Content = append(result.Content,
		mcp.NewImageContent(data, "image/png"), mcp.NewAudioContent(data[:1<<20], "audio/wav"),
		mcp.NewEmbeddedResource(mcp.BlobResourceContents{URI: "test://blob", MIMEType: "application/octet-stream", Blob: data[1<<20:]}),
		mcp.NewResourceLink("test://link", "link", "a link", "text/plain"))
	result.Meta = &mcp.Meta{AdditionalFields: map[string]any{"theirs": []any{1.0, "kept"}}}
	return result
}

func TestLargeAndBinaryResultsOfAPaidCallPassUntouched(t *testing.T) {
	service, _ := backend(t)
	web := serveHTTP(t, "web")
	web.tool("bulky", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return bulky(), nil })
	s := sell(t, fmt.Sprintf("prices: {bulky: 0.002}\nupstreams:\n  web: {url: %q}\nroutes:\n- {path: /v1/item, upstream: '%s/items/7', price: 0.002}\n", web.url(), service.URL))
	w := newWalker(t, s, "/v1/item")
	w.receipt(w.do(http.MethodGet, "/v1/item", "", w.deposits(usdc, routePrice)))
	client, _ := s.listener(t)
	direct := connect(t, web.url())
	want := call(t, direct, "bulky", nil)
	got := call(t, client, "bulky", w.payingFor(2, nil))
	if !reflect.DeepEqual(got.Content, want.Content) || !reflect.DeepEqual(got.StructuredContent, want.StructuredContent) {
		t.Error("it is not what the upstream says")
	}
	if !reflect.DeepEqual(got.Meta.AdditionalFields["theirs"], want.Meta.AdditionalFields["theirs"]) || got.Meta.AdditionalFields[x402.MetaPaymentResponse] == nil {
		t.Errorf("its _meta is %+v", got.Meta)
	}
	if s.charged() != 2*routePrice {
		t.Errorf("charged %d", s.charged())
	}
}

// connect is a client that does not pay.
func connect(t testing.TB, url string) *mcpclient.Client {
	t.Helper()
	pool := http.DefaultTransport.(*http.Transport).Clone()
	client, err := mcpclient.NewStreamableHttpClient(url, transport.WithHTTPBasicClient(&http.Client{Transport: pool}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		pool.CloseIdleConnections()
	})
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return client
}
