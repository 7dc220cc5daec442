package rawmcp

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
	return PassingNotes(next)
}

// PassingNotes is [PassNotes] of tools that have been given to it before.
func PassingNotes(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		a := &Notes{ResponseWriter: w}
		next.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), notesKey{}, a)))
	})
}

type notesKey struct{}

// Notes is the answer to a request, with what is set aside of it.
type Notes struct {
	http.ResponseWriter

	mu    sync.Mutex // guards what follows: notifications are written while the tool runs
	taken bool       // by the call of the request: what its tool calls in its turn has none
	of    *mcp.CallToolResult
	keys  []string // the members of its _meta that are notes
	notes []note
}

// note is some JSON, and what stands in its place.
type note struct{ mark, json []byte }

// NotesOf is where the call of a request sets its notes aside, the first time; nil where it
// cannot.
func NotesOf(ctx context.Context) *Notes {
	a, _ := ctx.Value(notesKey{}).(*Notes)
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

// Sold says which result has the notes, as members of its _meta of these names. Nil does nothing.
func (a *Notes) Sold(result *mcp.CallToolResult, keys []string) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of, a.keys = result, keys
}

// setAside is called when all others have seen a result.
func setAside(ctx context.Context, _ any, _ *mcp.CallToolRequest, result any) {
	a, _ := ctx.Value(notesKey{}).(*Notes)
	if sold, ok := result.(*mcp.CallToolResult); ok && a != nil && sold != nil {
		a.take(sold)
	}
}

// take puts marks in the place of notes, if it is the result that has them.
func (a *Notes) take(result *mcp.CallToolResult) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of != result || result.Meta == nil {
		return
	}
	fields := maps.Clone(result.Meta.AdditionalFields)
	for _, key := range a.keys {
		if raw, ok := fields[key].(json.RawMessage); ok {
			mark := "chit-" + rand.Text() // nobody knows it before the tool has ended
			fields[key] = mark
			a.notes = append(a.notes, note{[]byte(`"` + mark + `"`), raw})
		}
	}
	result.Meta = &mcp.Meta{ProgressToken: result.Meta.ProgressToken, AdditionalFields: fields}
}

// Write implements [http.ResponseWriter]. The library writes each message whole.
func (a *Notes) Write(message []byte) (int, error) {
	if _, err := a.ResponseWriter.Write(a.whole(message)); err != nil {
		return 0, err
	}
	return len(message), nil
}

// whole is a message with the notes that it has marks of.
func (a *Notes) whole(message []byte) []byte {
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
func (a *Notes) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() } // what cannot be flushed is written at the end

// Unwrap is for [http.ResponseController].
func (a *Notes) Unwrap() http.ResponseWriter { return a.ResponseWriter }
