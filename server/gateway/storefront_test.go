package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/storefront"
)

func TestMachinesFindTheToolsAndRoutesOfAGateway(t *testing.T) {
	web := serveHTTP(t, "web")
	service, _ := backend(t)
	config := func(price string) string {
		return "prices: {echo: 0.002}\nupstreams: {web: {url: '" + web.url() + "'}}\n" +
			"routes:\n- {path: '/items/{id}', upstream: " + service.URL + ", price: " + price + ", description: an item}\n" +
			"- {path: /sum, upstream: " + service.URL + ", price: {per: {argument: pages, unit: 0.001}, max: 0.01}}\n"
	}
	s := sell(t, config("0.003"))
	if page := s.shows(t, storefront.LLMsPath); !strings.Contains(page, "- `echo`: 0.002 USDC. says it again\n") || !strings.Contains(page, "- `GET /items/{id}`: 0.003 USDC. an item\n") || strings.Contains(page, "`fail`") {
		t.Errorf("the page says\n%s", page)
	}
	var found struct{ Resources []string }
	if err := json.Unmarshal([]byte(s.shows(t, storefront.WellKnownPath)), &found); err != nil || strings.Join(found.Resources, " ") != "/mcp /items/{id} /sum" {
		t.Errorf("found %v, %v", found.Resources, err)
	}
	rewrite(t, s.file, config("0.004"))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if document := s.shows(t, storefront.OpenAPIPath); !strings.Contains(document, `"amount":"4000"`) || !strings.Contains(document, `"amount":"0.004"`) || !strings.Contains(document, `{"name":"pages","in":"query","schema":{"type":"number"}}`) {
		t.Errorf("after the price was raised: %s", document)
	}
}

// shows is a document of the gateway at a path.
func (s *selling) shows(t testing.TB, path string) string {
	t.Helper()
	resp, err := http.Get(s.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, resp.StatusCode, body, err)
	}
	return string(body)
}
