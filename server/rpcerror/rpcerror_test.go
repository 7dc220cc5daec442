package rpcerror_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/rpcerror"
)

// carried is a message of the server library with an error of a handler.
func carried(t *testing.T, err error) string {
	t.Helper()
	raw, bad := json.Marshal(mcp.JSONRPCError{JSONRPC: "2.0", ID: mcp.NewRequestId(7), Error: mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR, Message: err.Error()}})
	if bad != nil {
		t.Fatal(bad)
	}
	return string(raw)
}

func written(t *testing.T, s *rpcerror.Sealer, message string) string {
	t.Helper()
	var out bytes.Buffer
	if n, err := s.Writer(&out).Write([]byte(message)); n != len(message) || err != nil {
		t.Fatalf("%d of %d bytes are written: %v", n, len(message), err)
	}
	return out.String()
}

func TestAnErrorArrivesWithItsCodeAndItsData(t *testing.T) {
	s := rpcerror.New()
	message := carried(t, s.Error(402, `pay "first" & <then> read`, map[string]any{"accepts": []string{`a"b`, "c:d}"}}))
	want := `{"jsonrpc":"2.0","id":7,"error":{"code":402,"message":"pay \"first\" \u0026 \u003cthen\u003e read","data":{"accepts":["a\"b","c:d}"]}}}`
	if got := written(t, s, message); got != want {
		t.Errorf("written %s, want %s", got, want)
	}
	event := "event: message\ndata: " + message + "\n\n"
	w := httptest.NewRecorder()
	s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, event)
		w.(http.Flusher).Flush()
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if got := w.Body.String(); got != "event: message\ndata: "+want+"\n\n" || !w.Flushed {
		t.Errorf("served %s", got)
	}
}

func TestNobodyElseMakesAnErrorThatIsOpened(t *testing.T) {
	s := rpcerror.New()
	sealed := carried(t, s.Error(402, "pay", nil))
	for name, message := range map[string]string{
		"of another sealer":   carried(t, rpcerror.New().Error(402, "pay", nil)),
		"another code":        strings.Replace(sealed, "402", "403", 1),
		"without a seal":      carried(t, fmt.Errorf(`chit-error:{"code":402}`)),
		"cut off":             sealed[:len(sealed)-10],
		"in a text":           `{"jsonrpc":"2.0","id":7,"result":{"text":` + fmt.Sprintf("%q", sealed) + `}}`,
		"a result":            `{"jsonrpc":"2.0","id":7,"result":{}}`,
		"another error":       carried(t, fmt.Errorf("no such page")),
		"what is no message":  `{"code":-32603,"message":"chit-error:`,
		"what ends in a mark": `x{"code":-32603,"message":"chit-error:a:b"`,
	} {
		if got := written(t, s, message); got != message {
			t.Errorf("%s: written %s, want %s", name, got, message)
		}
	}
}

func TestWhatCannotBeEncodedIsAnError(t *testing.T) {
	if err := rpcerror.New().Error(402, "pay", func() {}); err == nil || strings.Contains(err.Error(), "chit-error") {
		t.Errorf("the error is %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s := rpcerror.New()
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"chit-error:a:{}"}}`))
	f.Add([]byte(`{"code":-32603,"message":"chit-error:`))
	f.Fuzz(func(t *testing.T, message []byte) {
		var out bytes.Buffer
		if _, err := s.Writer(&out).Write(message); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), message) { // only the sealer can make one
			t.Errorf("%q became %q", message, out.Bytes())
		}
	})
}
