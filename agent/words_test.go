package agent_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/x402"
)

// fewWords checks that an error has a text that a person can read.
func fewWords(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || len(err.Error()) > 4000 {
		t.Errorf("%s: %.200v", what, err)
	}
}

func TestAnErrorHoldsFewOfAServersWords(t *testing.T) {
	long := strings.Repeat("é ", 1<<20)
	some := long[:30_000]
	for name, change := range map[string]func(required, entry map[string]any){
		"a scheme":  func(_, entry map[string]any) { entry["scheme"] = some },
		"a network": func(_, entry map[string]any) { entry["network"] = "eip155:" + some },
		"a refusal": func(required, _ map[string]any) {
			required["error"], required["errorMessage"] = x402.ErrChannelBusy, some
		},
	} {
		o := options(t)
		l := newLiar(t, o, func(l *liar, _ int, _ *x402.PaymentPayload) *mcp.CallToolResult {
			raw, err := json.Marshal(x402.PaymentRequired{Error: x402.ErrPaymentRequired, Accepts: []x402.Requirements{l.terms}})
			var required map[string]any
			if err = errors.Join(err, json.Unmarshal(raw, &required)); err != nil {
				t.Error(err)
			}
			change(required, required["accepts"].([]any)[0].(map[string]any))
			result := mcp.NewToolResultStructured(required, "payment required")
			result.IsError = true
			return result
		})
		_, _, err := dial(t, l.url+"/mcp", o).CallTool(t.Context(), "work", nil)
		fewWords(t, name, err)
		raw, err := json.Marshal(through(t, l.url+"/mcp", options(t)).call(t, "work", nil))
		if err != nil || len(raw) > 20_000 {
			t.Errorf("%s through the proxy: %d bytes, %v", name, len(raw), err)
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"a page that fails": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, long)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/"+strings.Repeat("a", 200_000), http.StatusTemporaryRedirect)
		},
		"an error": func(w http.ResponseWriter, r *http.Request) {
			var m struct{ ID json.RawMessage }
			if json.NewDecoder(r.Body).Decode(&m) == nil {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%q}}`, m.ID, long)
			}
		},
	} {
		web := httptest.NewServer(answer)
		t.Cleanup(web.Close)
		_, err := agent.Dial(t.Context(), web.URL+"/mcp", options(t))
		fewWords(t, name, err)
		if name == "a redirect" {
			_, _, err = visit(t, web.URL, options(t)).Do(t.Context(), agent.HTTPRequest{URL: web.URL + "/x"})
			fewWords(t, name+" of a page", err)
		}
	}
}
