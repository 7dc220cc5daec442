package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// answerPatience is how long a client, and the human behind it, may think.
const answerPatience = 10 * time.Minute

// conversation is an answer to a client on which it can be asked something before the
// answer itself comes: a stream of events from the first question on.
type conversation struct {
	w       http.ResponseWriter
	session string
	// header is what the server library sets. It has a map of its own, since the library
	// may set it at the same time as a question goes out.
	header http.Header

	mu      sync.Mutex // guards what follows, and what is written
	begun   bool       // the header has been sent
	wrapped bool       // it was sent for a question: an answer in JSON becomes an event
	over    bool
}

var errOver = errors.New("the client waits for no answer any more")

func (c *conversation) Header() http.Header { return c.header }

func (c *conversation) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(status)
}

func (c *conversation) begin(status int) {
	if c.begun {
		return
	}
	c.begun = true
	for name, values := range c.header {
		c.w.Header()[name] = values
	}
	c.w.WriteHeader(status)
}

func (c *conversation) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wrapped || strings.HasPrefix(c.header.Get("Content-Type"), "text/event-stream") {
		c.begin(http.StatusOK)
		return c.w.Write(p)
	}
	return len(p), c.event(bytes.TrimSpace(p))
}

// Flush sends what is written so far.
func (c *conversation) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(http.StatusOK)
	c.flush()
}

// Unwrap is for [http.ResponseController].
func (c *conversation) Unwrap() http.ResponseWriter { return c.w }

func (c *conversation) flush() {
	_ = http.NewResponseController(c.w).Flush() // not supported: it is sent in the end
}

func (c *conversation) event(message []byte) error {
	if _, err := fmt.Fprintf(c.w, "event: message\ndata: %s\n\n", message); err != nil {
		return err
	}
	c.flush()
	return nil
}

// send sends a message of its own.
func (c *conversation) send(message any) error {
	encoded, err := json.Marshal(message)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return errOver
	}
	if !c.begun {
		c.begun, c.wrapped = true, true
		c.w.Header().Set("Content-Type", "text/event-stream")
		c.w.Header().Set("Cache-Control", "no-cache")
		c.w.WriteHeader(http.StatusOK)
	}
	return c.event(encoded)
}

// beat uses the stream, for the sake of proxies.
func (c *conversation) beat() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return errOver
	}
	if _, err := io.WriteString(c.w, ": waiting\n\n"); err != nil {
		return err
	}
	c.flush()
	return nil
}

func (c *conversation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

type conversationKey struct{}

// conversationOf is the one that a request came with, nil if its client cannot be asked.
func conversationOf(ctx context.Context) *conversation {
	c, _ := ctx.Value(conversationKey{}).(*conversation)
	return c
}

// message is a JSON-RPC message.
type message struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError = mcp.JSONRPCErrorDetails

// questions are what clients are asked at the moment, and the streams on which those
// can be asked that wait for nothing.
type questions struct {
	mu      sync.Mutex // guards what follows
	open    map[string]question
	streams map[string]*conversation // by session
}

type question struct {
	session string
	answer  chan message // holds one
}

func newQuestions() questions {
	return questions{open: make(map[string]question), streams: make(map[string]*conversation)}
}

// ask asks the client of a conversation and waits for its answer. If ctx ends before,
// the client is told that nobody waits for it. sent is called for all that goes out.
func (q *questions) ask(ctx context.Context, on *conversation, method string, params json.RawMessage, sent func()) (message, error) {
	name := rand.Text()
	id, err := json.Marshal(name)
	if err != nil {
		return message{}, err
	}
	asked := question{on.session, make(chan message, 1)}
	q.mu.Lock()
	q.open[name] = asked
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.open, name)
		q.mu.Unlock()
	}()
	if err := on.send(message{Version: mcp.JSONRPC_VERSION, ID: id, Method: method, Params: params}); err != nil {
		return message{}, err
	}
	sent()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case answer := <-asked.answer:
			return answer, nil
		case <-beat.C:
			if on.beat() == nil {
				sent()
			}
		case <-ctx.Done():
			return message{}, withdraw(ctx, on, name, sent)
		}
	}
}

// withdraw tells a client that its answer is not waited for.
func withdraw(ctx context.Context, on *conversation, name string, sent func()) error {
	params, err := json.Marshal(map[string]any{"requestId": name, "reason": context.Cause(ctx).Error()})
	if err == nil {
		err = on.send(message{Version: mcp.JSONRPC_VERSION, Method: string(mcp.MethodNotificationCancelled), Params: params})
	}
	if err == nil {
		sent()
	}
	return context.Cause(ctx)
}

// take gives an answer to whoever waits for it, and reports whether the message was
// one. Nobody else's are taken than those of the session that was asked.
func (q *questions) take(session string, m message) bool {
	var name string
	if m.Method != "" || json.Unmarshal(m.ID, &name) != nil {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if asked, ok := q.open[name]; ok && asked.session == session {
		delete(q.open, name)
		asked.answer <- m
	}
	return true // one that comes too late is nobody's
}

func (q *questions) stream(session string) *conversation {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.streams[session]
}

// hold keeps a stream that waits for news while it is open.
func (q *questions) hold(c *conversation) (letGo func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.streams[c.session] = c
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.streams[c.session] == c {
			delete(q.streams, c.session)
		}
	}
}

// converse serves a request of a client that can be asked.
func (g *Gateway) converse(next http.Handler, session string, w http.ResponseWriter, r *http.Request) {
	c := &conversation{w: w, session: session, header: make(http.Header)}
	defer c.end()
	switch r.Method {
	case http.MethodGet:
		defer g.questions.hold(c)()
	case http.MethodPost:
		var m message
		if body, err := reread(r); err == nil && json.Unmarshal(body, &m) == nil {
			if g.questions.take(session, m) {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			if m.Method == mcp.MethodNotificationRootsListChanged {
				g.tellOwn(r.Context(), session, m.Method)
			}
		}
	case http.MethodDelete:
		defer g.dropOwn(session)
	}
	next.ServeHTTP(c, r.WithContext(context.WithValue(r.Context(), conversationKey{}, c)))
}

// reread returns the body, which is read again afterwards.
func reread(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body) // from memory
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
