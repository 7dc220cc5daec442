package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	mcpserver "github.com/mark3labs/mcp-go/server"
)

func TestAnUpstreamThatKnowsNoResourceTemplatesIsNoWarning(t *testing.T) {
	served := mcpserver.NewStreamableHTTPServer(newService("web").mcp)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var request struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if json.Unmarshal(body, &request) == nil && request.Method == "resources/templates/list" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, request.ID)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		served.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s := sell(t, fmt.Sprintf("prices: {'*': free}\nupstreams:\n  web: {url: %q, resources: ['*']}\n", web.URL))
	if log := s.log.String(); strings.Contains(log, "a list did not come") || !strings.Contains(log, "upstream is up") {
		t.Errorf("the log is\n%s", log)
	}
}
