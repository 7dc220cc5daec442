package gateway_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestALineSaysWhichUpstreamWasAskedAndWarnsWhenItGaveNoAnswer(t *testing.T) {
	web := serveHTTP(t, "web")
	service, _ := backend(t)
	torn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("ten bytes."))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(torn.Close)
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  it: {url: %q, timeout: 300ms}\nroutes:\n- {path: '/items/{id}', upstream: %q, price: free}\n- {path: /torn, upstream: %q, price: free}\n- {path: /gone, upstream: 'http://127.0.0.1:1/secret', price: free}\n",
		web.url(), service.URL+"/items/{id}", torn.URL))
	host := strings.TrimPrefix(service.URL, "http://")
	get := func(path string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get("X-Request-Id")
	}
	const price = ` price="0 USDC" charged="0 USDC" code=`
	s.log.wait(t, 1, "level=DEBUG msg=call request="+get("/items/a")+` route="GET /items/{id}"`+price+"ok upstream="+host+" upstreamTook=")
	s.log.wait(t, 1, "level=WARN msg=call request="+get("/gone")+` route="GET /gone"`+price+"failed upstream=127.0.0.1:1 upstreamTook=")
	if resp, err := http.Get(s.base + "/torn"); err == nil {
		_ = resp.Body.Close()
		t.Errorf("what broke off is answered %s", resp.Status)
	}
	s.log.wait(t, 1, `error="the answer broke off"`)
	if _, _, err := s.buyer(t).CallTool(t.Context(), "wait", nil); err != nil {
		t.Fatal(err)
	}
	s.log.wait(t, 1, `tool=wait`+price+"failed upstream=it upstreamTook=")
	s.log.wait(t, 1, "error=timeout")
	if strings.Contains(s.log.String(), "secret") {
		t.Errorf("the log has the path of an upstream, which may be secret:\n%s", s.log)
	}
}
