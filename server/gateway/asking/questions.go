package asking

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// Heartbeat is how often an open stream is used, for the sake of proxies.
const Heartbeat = 30 * time.Second

// Patience is how long a client, and the human behind it, may think.
const Patience = 10 * time.Minute

// Message is a JSON-RPC message.
type Message struct {
	Version string                   `json:"jsonrpc"`
	ID      json.RawMessage          `json:"id,omitempty"`
	Method  string                   `json:"method,omitempty"`
	Params  json.RawMessage          `json:"params,omitempty"`
	Result  json.RawMessage          `json:"result,omitempty"`
	Error   *mcp.JSONRPCErrorDetails `json:"error,omitempty"`
}

// Questions are what clients are asked at the moment, and the streams on which those
// can be asked that wait for nothing. They are safe for concurrent use.
type Questions struct {
	rootsChanged func(ctx context.Context, session string)
	ended        func(session string)

	mu      sync.Mutex // guards what follows
	open    map[string]question
	streams map[string]*Conversation // by session
}

type question struct {
	session string
	answer  chan Message // holds one
}

// New has no questions yet. It tells rootsChanged of a client that says that its roots are
// others than before, and ended of one that has ended its session.
func New(rootsChanged func(ctx context.Context, session string), ended func(session string)) *Questions {
	return &Questions{rootsChanged: rootsChanged, ended: ended, open: make(map[string]question), streams: make(map[string]*Conversation)}
}

// Ask asks the client of a conversation and waits for its answer. If ctx ends before,
// the client is told that nobody waits for it. sent is called for all that goes out.
func (q *Questions) Ask(ctx context.Context, on *Conversation, method string, params json.RawMessage, sent func()) (Message, error) {
	name := rand.Text()
	id, err := json.Marshal(name)
	if err != nil {
		return Message{}, err
	}
	asked := question{on.session, make(chan Message, 1)}
	q.mu.Lock()
	q.open[name] = asked
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.open, name)
		q.mu.Unlock()
	}()
	if err := on.send(Message{Version: mcp.JSONRPC_VERSION, ID: id, Method: method, Params: params}); err != nil {
		return Message{}, err
	}
	sent()
	beat := time.NewTicker(Heartbeat)
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
			return Message{}, withdraw(ctx, on, name, sent)
		}
	}
}

// withdraw tells a client that its answer is not waited for.
func withdraw(ctx context.Context, on *Conversation, name string, sent func()) error {
	params, err := json.Marshal(map[string]any{"requestId": name, "reason": context.Cause(ctx).Error()})
	if err == nil {
		err = on.send(Message{Version: mcp.JSONRPC_VERSION, Method: string(mcp.MethodNotificationCancelled), Params: params})
	}
	if err == nil {
		sent()
	}
	return context.Cause(ctx)
}

// take gives an answer to whoever waits for it, and reports whether the message was
// one. Nobody else's are taken than those of the session that was asked.
func (q *Questions) take(session string, m Message) bool {
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

// Stream is where a session waits for news, nil if it does not.
func (q *Questions) Stream(session string) *Conversation {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.streams[session]
}

// hold keeps a stream that waits for news while it is open.
func (q *Questions) hold(c *Conversation) (letGo func()) {
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

// Serve serves a request of a client that can be asked.
func (q *Questions) Serve(next http.Handler, session string, w http.ResponseWriter, r *http.Request) {
	c := &Conversation{w: w, session: session, header: make(http.Header)}
	defer c.end()
	switch r.Method {
	case http.MethodGet:
		defer q.hold(c)()
	case http.MethodPost:
		var m Message
		if body, err := reread(r); err == nil && json.Unmarshal(body, &m) == nil {
			if q.take(session, m) {
				w.WriteHeader(http.StatusAccepted)
				return
			}
			if m.Method == mcp.MethodNotificationRootsListChanged {
				q.rootsChanged(r.Context(), session)
			}
		}
	case http.MethodDelete:
		defer q.ended(session)
	}
	next.ServeHTTP(c, r.WithContext(context.WithValue(r.Context(), conversationKey{}, c)))
}

// reread returns the body, which is read again afterwards.
func reread(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body) // from memory
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}
