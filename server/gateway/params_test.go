package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chitpay/chit/x402"
)

// mirror is a service that says what it was asked for.
func mirror(t testing.TB) (*httptest.Server, *counter) {
	t.Helper()
	served := &counter{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.add(1)
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %v", r.Method, r.URL.RequestURI(), body, r.Header["X-Key"])
	}))
	t.Cleanup(s.Close)
	return s, served
}

// asked is the answer to a request without a payment.
func (s *selling) asked(t testing.TB, method, path, kind, body string, more ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(more); i += 2 {
		req.Header[more[i]] = []string{more[i+1]}
	}
	return send(t, req)
}

func TestAWildcardOfOneSegmentHoldsOneSegment(t *testing.T) {
	service, served := mirror(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: "/v1/item/{id}", upstream: "%[1]s/items/{id}", price: 0, headers: {X-Key: k3y}}
  - {path: "/as-it-is/{id}/end", upstream: "%[1]s", price: 0}
  - {path: "/files/{rest...}", upstream: "%[1]s/pub/{rest}", price: 0}
  - {path: /below/, upstream: "%[1]s", price: 0}
`, service.URL))
	for _, path := range []string{
		"/v1/item/admin%2Fusers", "/v1/item/..%2Fadmin", "/v1/item/..;", "/v1/item/.;a=b", "/v1/item/..%5Cadmin", "/v1/item/a%5Cb", "/v1/item/%252e%252e",
		"/v1/item/a%252Fb", "/v1/item/a%00", "/v1/item/a%0d%0ab", "/v1/item/%c0%af", "/as-it-is/a%2Fb/end", "/as-it-is/..%2F..%2Fadmin/end", "/as-it-is/..;/end",
		"/files/a/..;/..;/admin", "/files/a%2F..%2F..%2Fadmin", "/files/..%5Cadmin", "/files/%252e%252e/admin", "/below/..;/admin", "/below/a%5C..%5Cb",
	} {
		if r := s.asked(t, http.MethodGet, path, "", ""); r.status != http.StatusNotFound {
			t.Errorf("%s is answered %d, %q", path, r.status, r.body)
		}
	}
	if served.value() != 0 {
		t.Errorf("served %d", served.value())
	}
	for path, want := range map[string]string{
		"/v1/item/7": "/items/7", "/v1/item/a%20b;v=1": "/items/a%20b%3Bv=1", "/v1/item/%C3%A9": "/items/%C3%A9", "/v1/item/...": "/items/...",
		"/as-it-is/x/end": "/as-it-is/x/end", "/files/a/b.txt": "/pub/a/b.txt", "/files/a/": "/pub/a/", "/below/a/b": "/below/a/b",
	} {
		if r := s.asked(t, http.MethodGet, path, "", ""); !strings.HasPrefix(r.body, "GET "+want+" ") {
			t.Errorf("%s is answered %d, %q", path, r.status, r.body)
		}
	}
}

func TestWhatTheConfigFixesIsNotTheCallersToGive(t *testing.T) {
	service, served := mirror(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /search, method: POST, upstream: "%s/q?tier=basic&max.rows=10", price: 0, headers: {X-Key: k3y}}
`, service.URL))
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ query, kind, body string }{
		{"tier=full", "", ""}, {"TIER=full", "", ""}, {"tier[]=full", "", ""}, {"a=1&tier=basic", "", ""}, {"%74ier=full", "", ""}, {"tier%00x=full", "", ""},
		{"max_rows=99", "", ""}, {"max+rows=99", "", ""}, {"a=1;tier=full", "", ""}, {"%20tier=full", "", ""},
		{"", form, "tier=full"}, {"", form + "; charset=utf-8", "q=1&Tier=full"}, {"", "application/json", `{"q":1,"tier":"full"}`},
		{"", "application/vnd.x+json", `{"max_rows":99}`}, {"", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"tier\"\r\n\r\nfull\r\n--b--\r\n"},
		{"", form, "%zz=1"}, {"", "; nonsense", "tier=full"},
	} {
		if r := s.asked(t, http.MethodPost, "/search?"+c.query, c.kind, c.body); r.status != http.StatusBadRequest {
			t.Errorf("%+v is answered %d, %q", c, r.status, r.body)
		}
	}
	if r := s.asked(t, http.MethodPost, "/search", form, "q=1", "Content-Encoding", "gzip"); r.status != http.StatusBadRequest {
		t.Errorf("a compressed form is answered %d, %q", r.status, r.body)
	}
	if served.value() != 0 {
		t.Errorf("served %d", served.value())
	}
	if r := s.asked(t, http.MethodPost, "/search?page=2", form, "q=1&tiers=x", "X_key", "theirs", "X-Key", "theirs"); r.body != "POST /q?tier=basic&max.rows=10&page=2 q=1&tiers=x [k3y]" {
		t.Errorf("answered %d, %q", r.status, r.body)
	}
}

func TestAPriceByAParameterIsMadeFromTheOneSpellingThatIsServed(t *testing.T) {
	service, served := mirror(t)
	s := sell(t, fmt.Sprintf(`
routes:
  - {path: /print, method: POST, upstream: "%[1]s", price: {per: {argument: pages, unit: 0.001, default: 1}, max: 1}}
  - {path: "/scan/{pages}", method: POST, upstream: "%[1]s", price: {per: {argument: pages, unit: 0.001}, max: 1}}
`, service.URL))
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ path, kind, body string }{
		{"/print?pages=1&PAGES=100", "", ""}, {"/print?pages=1&pages[]=100", "", ""}, {"/print?pages=1&pages=100", "", ""}, {"/print?Pages=100", "", ""},
		{"/print?pages[0]=100", "", ""}, {"/print?pages=1&pages%00=100", "", ""}, {"/print?pages=1&+pages=100", "", ""}, {"/print?pages=1;pages=100", "", ""},
		{"/print?pages=1", form, "pages=100"}, {"/print?pages=1", form, "PAGES[]=100"}, {"/print?pages=1", "application/json", `{"pages":100}`},
		{"/print?pages=1", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"pages\"\r\n\r\n100\r\n--b--\r\n"},
		{"/scan/1?pages=100", "", ""}, {"/scan/1?Pages=100", "", ""}, {"/scan/1", form, "pages=100"},
	} {
		if r := s.asked(t, http.MethodPost, c.path, c.kind, c.body); r.status != http.StatusBadRequest {
			t.Errorf("%+v is answered %d, %q", c, r.status, r.body)
		}
	}
	for path, want := range map[string]uint64{"/print?pages=30&a=1": 30_000, "/print": 1_000, "/scan/5?a[]=1": 5_000} {
		r := s.asked(t, http.MethodPost, path, form, "page=1&text=pages")
		required, err := x402.DecodeHeader[x402.PaymentRequired](r.head.Get(x402.HeaderPaymentRequired))
		if err != nil || uint64(required.Accepts[0].Amount) != want {
			t.Errorf("%s is answered %d, %q, %v", path, r.status, r.body, err)
		}
	}
	if served.value() != 0 {
		t.Errorf("served %d", served.value())
	}
}

func TestAHeaderDoesNotChooseAnotherPathOrMethod(t *testing.T) {
	seen := make(chan http.Header, 1)
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	t.Cleanup(service.Close)
	s := sell(t, fmt.Sprintf("routes:\n- {path: /a, upstream: %q, price: 0}\n", service.URL))
	names := []string{"X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}
	var given []string
	for _, name := range names {
		given = append(given, name, "/admin")
	}
	s.asked(t, http.MethodGet, "/a", "", "", given...)
	head := <-seen
	for _, name := range names {
		if head.Get(name) != "" {
			t.Errorf("%s reaches the upstream", name)
		}
	}
}
