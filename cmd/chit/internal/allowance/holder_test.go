package allowance_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/cmd/chit/internal/allowance"
)

// aToken is one that can be read; nobody here looks at it.
const aToken = "chit_AgIVAQAAAAEBAgMEBQYHCAkKCwwNDg8QAAAGIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"

// shop answers as an MCP server does, but breaks off the first answers to calls.
type shop struct {
	lost int

	mu  sync.Mutex // guards ids
	ids []string   // of the calls
}

// called notes a call, and reports whether its answer is lost.
func (s *shop) called(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids = append(s.ids, id)
	return len(s.ids) <= s.lost
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var req struct {
		ID     json.RawMessage
		Method string
		Params struct {
			Meta map[string]string `json:"_meta"`
		}
	}
	if err != nil || r.Method != http.MethodPost || json.Unmarshal(body, &req) != nil || len(req.ID) == 0 {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	result := `{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"shop","version":"1"}}`
	if req.Method == "tools/call" {
		if s.called(req.Params.Meta["chit/payment-id"]) {
			panic(http.ErrAbortHandler)
		}
		result = `{"content":[{"type":"text","text":"done"}]}`
	}
	if req.Method == "tools/list" {
		result = `{"tools":[{"name":"work","inputSchema":{"type":"object"},"_meta":{"x402/payment-required":{}}},{"name":"free","inputSchema":{"type":"object"}}]}`
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(bytes.Join([][]byte{[]byte(`{"jsonrpc":"2.0","id":`), req.ID, []byte(`,"result":` + result + `}`)}, nil))
}

func TestACallOfAFreeToolIsMadeOnce(t *testing.T) {
	shop := &shop{lost: 1}
	server := httptest.NewServer(shop)
	defer server.Close()
	holder, err := allowance.Dial(t.Context(), server.URL, aToken, "test", agent.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	if _, _, err := holder.Call(t.Context(), "free", nil); err == nil {
		t.Error("the call was made again")
	}
	shop.mu.Lock()
	defer shop.mu.Unlock()
	if len(shop.ids) != 1 {
		t.Errorf("called %d times", len(shop.ids))
	}
}

func TestACallWhoseAnswerIsLostIsMadeAgainUnderItsIdentifier(t *testing.T) {
	for lost, answered := range []bool{true, true, true, false} {
		shop := &shop{lost: lost}
		server := httptest.NewServer(shop)
		defer server.Close()
		holder, err := allowance.Dial(t.Context(), server.URL, aToken, "test", agent.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		result, _, err := holder.Call(t.Context(), "work", nil)
		if (err == nil) != answered || answered && result.IsError {
			t.Errorf("%d answers lost: %v, %v", lost, result, err)
		}
		shop.mu.Lock()
		if want := min(lost+1, 3); len(shop.ids) != want || len(slices.Compact(shop.ids)) != 1 || strings.TrimSpace(shop.ids[0]) == "" {
			t.Errorf("%d answers lost: called under %q, want %d times the same", lost, shop.ids, want)
		}
		shop.mu.Unlock()
		if err := holder.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNoErrorOfACallOnATokenShowsASecretOfTheServersURL(t *testing.T) {
	shop := &shop{lost: 100}
	server := httptest.NewServer(shop)
	defer server.Close()
	secret := server.URL + "/mcp?key=s3cr3t"
	holder, err := allowance.Dial(t.Context(), secret, aToken, "test", agent.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, call := holder.Call(t.Context(), "free", nil)
	_, revoke := holder.Revoke(t.Context())
	_, inspect := holder.Inspect(t.Context())
	_, nobody := allowance.Dial(t.Context(), "http://127.0.0.1:1/mcp?key=s3cr3t", aToken, "test", agent.Limits{})
	_, user := allowance.Dial(t.Context(), "http://user:s3cr3t@127.0.0.1:1/mcp", aToken, "test", agent.Limits{})
	_, plain := allowance.Dial(t.Context(), "http://shop.example/mcp?key=s3cr3t", aToken, "test", agent.Limits{})
	for what, err := range map[string]error{"a call": call, "a revocation": revoke, "a look": inspect, "nobody there": nobody, "a user": user, "plain http": plain} {
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := holder.Close(); err != nil {
		t.Error(err)
	}
}

func TestACallOnATokenKeepsToTheLimitsAndNamesTheOneThatIsMet(t *testing.T) {
	answers := &shop{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !bytes.Contains(body, []byte("tools/call")) {
			r.Body = io.NopCloser(bytes.NewReader(body))
			answers.ServeHTTP(w, r)
			return
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	holder, err := allowance.Dial(t.Context(), server.URL, aToken, "test", agent.Limits{Silence: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := holder.Call(t.Context(), "free", nil); !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), "Limits.Silence") {
		t.Errorf("the call: %v", err)
	}
	if err := holder.Close(); err != nil {
		t.Error(err)
	}
}

func TestAServerDoesNotFillTheHolderOfATokenWithItsOwnRequests(t *testing.T) {
	answers, release := &shop{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		switch {
		case err == nil && bytes.Contains(body, []byte("tools/call")):
			w.Header().Set("Content-Type", "text/event-stream")
			for i := 0; i < 20_000 && err == nil; i++ {
				_, err = fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"sampling/createMessage\",\"params\":{}}\n\n", i)
				w.(http.Flusher).Flush()
			}
		case r.Method == http.MethodPost && !bytes.Contains(body, []byte(`"method"`)):
			<-release // an answer to one of them
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			answers.ServeHTTP(w, r)
		}
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	defer close(release)
	holder, err := allowance.Dial(t.Context(), server.URL, aToken, "test", agent.Limits{Requests: 8})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := holder.Call(t.Context(), "free", nil); !errors.Is(err, agent.ErrLimit) || !strings.Contains(err.Error(), "Limits.Requests") {
		t.Errorf("the call: %v", err)
	}
	if err := holder.Close(); err != nil {
		t.Error(err)
	}
}
