package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/chitpay/chit/x402"
)

func TestAStreamedRoutePassesOnAsItComesAndItsUpstreamEndsWithThePayer(t *testing.T) {
	left := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: 1\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		close(left)
	}))
	t.Cleanup(upstream.Close)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /events, upstream: "%s", price: 0.002, stream: {lines: 0.0001, slice: 0.0003}}
`, upstream.URL))
	w := newWalker(t, s, "/events")
	header, err := x402.EncodeHeader(w.deposits(usdc, routePrice))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(x402.HeaderPaymentSignature, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "data: 1\n" {
		t.Fatalf("the first event: %s %q %v", resp.Status, line, err)
	}
	if got := s.charged(); got != 300 {
		t.Errorf("charged %d when the first event is there", got)
	}
	_ = resp.Body.Close()
	<-left
	if got := s.charged(); got != 300 {
		t.Errorf("charged %d in the end", got)
	}
}
