package upstream

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/link"
	"github.com/chitpay/chit/server/gateway/session"
	"github.com/chitpay/chit/server/gateway/timeout"
)

// calls are the requests of one upstream that are on their way. The progress token of
// each is the gateway's own: two clients may choose the same, and one that asks for no
// progress does not let its call be cut while there is some.
type calls struct {
	mu   sync.Mutex // guards what follows
	last uint64
	all  map[string]*call
}

// call is a request on its way, and what its client calls its progress.
type call struct {
	ctx   context.Context
	link  *link.Link
	begun uint64 // grows from call to call
	clock *timeout.Clock
	token mcp.ProgressToken // nil if the client asked for none
	told  atomic.Int64      // notifications that were passed on
}

// pass notes what has become of a notification for the call's client.
func (c *call) pass(s *Server, method string, err error) {
	if err == nil {
		c.told.Add(1)
	}
	s.passOn(method, err)
}

// begin enters a request and returns the _meta to send. The caller calls done.
func (c *calls) begin(ctx context.Context, l *link.Link, of *timeout.Clock, meta *mcp.Meta) (sent *mcp.Meta, entry *call, done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	key := fmt.Sprintf("chit-%d", c.last)
	entry = &call{ctx: ctx, link: l, begun: c.last, clock: of}
	sent = passed(meta)
	sent.ProgressToken = key
	if meta != nil {
		entry.token = meta.ProgressToken
	}
	if c.all == nil {
		c.all = make(map[string]*call)
	}
	c.all[key] = entry
	return sent, entry, func() {
		c.mu.Lock()
		delete(c.all, key)
		c.mu.Unlock()
		session.Settle(ctx, entry.told.Load())
	}
}

func (c *calls) of(token any) *call {
	key, _ := token.(string)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[key]
}

// busy says whether any request is on its way on a link.
func (c *calls) busy(l *link.Link) bool { return c.latest(l) != nil }

// latest is the youngest of the requests on their way on a link, nil if there are none.
func (c *calls) latest(l *link.Link) (youngest *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range c.all {
		if entry.link == l && (youngest == nil || entry.begun > youngest.begun) {
			youngest = entry
		}
	}
	return youngest
}

// only is the one request on its way on a link, nil if there are none or several.
func (c *calls) only(l *link.Link) (one *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, entry := range c.all {
		if entry.link != l {
			continue
		}
		if one != nil {
			return nil
		}
		one = entry
	}
	return one
}
