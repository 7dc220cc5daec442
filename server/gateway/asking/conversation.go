package asking

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Conversation is an answer to a client on which it can be asked something before the
// answer itself comes: a stream of events from the first question on.
type Conversation struct {
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

// Header implements [http.ResponseWriter].
func (c *Conversation) Header() http.Header { return c.header }

// WriteHeader implements [http.ResponseWriter].
func (c *Conversation) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(status)
}

func (c *Conversation) begin(status int) {
	if c.begun {
		return
	}
	c.begun = true
	for name, values := range c.header {
		c.w.Header()[name] = values
	}
	c.w.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (c *Conversation) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.wrapped || strings.HasPrefix(c.header.Get("Content-Type"), "text/event-stream") {
		c.begin(http.StatusOK)
		return c.w.Write(p)
	}
	return len(p), c.event(bytes.TrimSpace(p))
}

// Flush sends what is written so far.
func (c *Conversation) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin(http.StatusOK)
	c.flush()
}

// Unwrap is for [http.ResponseController].
func (c *Conversation) Unwrap() http.ResponseWriter { return c.w }

func (c *Conversation) flush() {
	_ = http.NewResponseController(c.w).Flush() // not supported: it is sent in the end
}

func (c *Conversation) event(message []byte) error {
	if _, err := fmt.Fprintf(c.w, "event: message\ndata: %s\n\n", message); err != nil {
		return err
	}
	c.flush()
	return nil
}

// send sends a message of its own.
func (c *Conversation) send(message any) error {
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
func (c *Conversation) beat() error {
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

func (c *Conversation) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
}

type conversationKey struct{}

// Of is the one that a request came with, nil if its client cannot be asked.
func Of(ctx context.Context) *Conversation {
	c, _ := ctx.Value(conversationKey{}).(*Conversation)
	return c
}
