package onmcp

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/v1"
)

// An MCP server library encodes what is in an answer once more in each object around it, and
// looks at every byte every time. Most bytes of a small answer that was paid for are what it
// says of its payment.

// PassNotes takes what an answer says of its payment past next, which serves these tools over
// HTTP: the server encodes a mark, and what is meant is put in its place when the answer
// leaves. Hooks that the tools have by now see what is meant. It is for a server that sends
// no answer again (one without an event store), and for tools behind the paywall that are
// not being served yet.
func PassNotes(tools *mcpserver.MCPServer, next http.Handler) http.Handler {
	tools.GetHooks().AddAfterCallTool(setAside)
	return passingNotes(next)
}

func passingNotes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		a := &aside{ResponseWriter: w}
		next.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), asideKey{}, a)))
	})
}

type asideKey struct{}

// aside is the answer to a request, with what is set aside of it.
type aside struct {
	http.ResponseWriter

	mu    sync.Mutex // guards what follows: notifications are written while the tool runs
	taken bool       // by the call of the request: what its tool calls in its turn has none
	of    *mcp.CallToolResult
	notes []note
}

// note is some JSON, and what stands in its place.
type note struct{ mark, json []byte }

// asideFor is where the call of a request sets its notes aside, the first time; nil where it
// cannot.
func asideFor(ctx context.Context) *aside {
	a, _ := ctx.Value(asideKey{}).(*aside)
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken {
		return nil
	}
	a.taken = true
	return a
}

// sold says which result has the notes.
func (a *aside) sold(result *mcp.CallToolResult) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of = result
}

// setAside is called when all others have seen a result.
func setAside(ctx context.Context, _ any, _ *mcp.CallToolRequest, result any) {
	a, _ := ctx.Value(asideKey{}).(*aside)
	if sold, ok := result.(*mcp.CallToolResult); ok && a != nil && sold != nil {
		a.take(sold)
	}
}

// noted are the members of _meta that a sale writes.
var noted = [...]string{x402.MetaPaymentResponse, v1.MetaPaymentResponse, mpp.MetaReceipt, MetaReceipt, MetaCredit}

// take puts marks in the place of notes, if it is the result that has them.
func (a *aside) take(result *mcp.CallToolResult) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of != result || result.Meta == nil {
		return
	}
	fields := maps.Clone(result.Meta.AdditionalFields)
	for _, key := range noted {
		if raw, ok := fields[key].(json.RawMessage); ok {
			mark := "chit-" + rand.Text() // nobody knows it before the tool has ended
			fields[key] = mark
			a.notes = append(a.notes, note{[]byte(`"` + mark + `"`), raw})
		}
	}
	result.Meta = &mcp.Meta{ProgressToken: result.Meta.ProgressToken, AdditionalFields: fields}
}

// Write implements [http.ResponseWriter]. The library writes each message whole.
func (a *aside) Write(message []byte) (int, error) {
	if _, err := a.ResponseWriter.Write(a.whole(message)); err != nil {
		return 0, err
	}
	return len(message), nil
}

// whole is a message with the notes that it has marks of.
func (a *aside) whole(message []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := len(message)
	for _, n := range a.notes {
		size += len(n.json)
	}
	for _, n := range a.notes {
		at := bytes.Index(message, n.mark)
		if at < 0 {
			continue
		}
		to := append(make([]byte, 0, size), message[:at]...)
		message = append(append(to, n.json...), message[at+len(n.mark):]...)
	}
	return message
}

// Flush implements [http.Flusher].
func (a *aside) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() } // what cannot be flushed is written at the end

// Unwrap is for [http.ResponseController].
func (a *aside) Unwrap() http.ResponseWriter { return a.ResponseWriter }
