package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"

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
	link  *link
	begun uint64 // grows from call to call
	clock *timeout.Clock
	token mcp.ProgressToken // nil if the client asked for none
	told  atomic.Int64      // notifications that were passed on
}

// pass notes what has become of a notification for the call's client.
func (c *call) pass(u *upstream, method string, err error) {
	if err == nil {
		c.told.Add(1)
	}
	u.passOn(method, err)
}

// begin enters a request and returns the _meta to send. The caller calls done.
func (c *calls) begin(ctx context.Context, l *link, of *timeout.Clock, meta *mcp.Meta) (sent *mcp.Meta, entry *call, done func()) {
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
func (c *calls) busy(l *link) bool { return c.latest(l) != nil }

// latest is the youngest of the requests on their way on a link, nil if there are none.
func (c *calls) latest(l *link) (youngest *call) {
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
func (c *calls) only(l *link) (one *call) {
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

// notified passes a notification of the upstream on to those whom it concerns. It
// must not wait: the answers of the upstream come behind it.
func (u *upstream) notified(l *link, n mcp.JSONRPCNotification) {
	fields := n.Params.AdditionalFields
	switch n.Method {
	case mcp.MethodNotificationToolsListChanged, mcp.MethodNotificationResourcesListChanged, mcp.MethodNotificationPromptsListChanged,
		mcp.MethodNotificationSubscriptionsAcknowledged: // changes before it were told to nobody
		poke(l.news)
	case string(mcp.MethodNotificationProgress):
		u.progressed(fields)
	case mcp.MethodNotificationResourceUpdated:
		uri, _ := fields["uri"].(string)
		for _, session := range u.gateway.sessions.Watching(uri) {
			if own := l.owner.session; own != "" && own != session {
				continue
			}
			u.passOn(n.Method, u.gateway.sessions.Tell(session, n.Method, fields))
		}
	case string(mcp.MethodNotificationMessage):
		u.logged(l, fields)
	case string(mcp.MethodNotificationCancelled):
		l.withdraw(fields)
	case string(mcp.MethodNotificationElicitationComplete):
		if session := l.owner.session; session != "" {
			u.passOn(n.Method, u.gateway.sessions.Tell(session, n.Method, fields))
		}
	}
}

// progressed takes progress for a sign of life, and passes it on to a client that has asked
// for it.
func (u *upstream) progressed(fields map[string]any) {
	c := u.calls.of(fields["progressToken"])
	if c == nil {
		return
	}
	c.clock.Heard()
	if c.token == nil {
		return
	}
	fields = maps.Clone(fields)
	fields["progressToken"] = c.token
	const method = string(mcp.MethodNotificationProgress)
	c.pass(u, method, u.gateway.sessions.TellCaller(c.ctx, method, fields))
}

// passOn notes a notification that its client could not be given: it has gone, or
// does not read.
func (u *upstream) passOn(method string, err error) {
	if err != nil {
		u.logger.Debug("a notification was dropped", "method", method, "error", err)
	}
}

// logged passes on a log message: to everybody where the config shares them, else to
// the client that the link belongs to, or whose call is the only one on its way. The
// client's own level decides.
func (u *upstream) logged(l *link, fields map[string]any) {
	var message mcp.LoggingMessageNotification
	raw, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(raw, &message.Params)
	}
	if err != nil {
		u.passOn(string(mcp.MethodNotificationMessage), err)
		return
	}
	message.Method = string(mcp.MethodNotificationMessage)
	if !u.ShareLogs {
		c := u.calls.only(l)
		if c == nil && l.owner.session != "" {
			c = u.calls.latest(l)
		}
		if c != nil {
			u.passOn(message.Method, u.gateway.sessions.LogToCaller(c.ctx, message))
		}
		return
	}
	for _, session := range u.gateway.sessions.Streaming() {
		if message.Params.Level.ShouldSendTo(u.gateway.sessions.Level(session)) {
			u.passOn(message.Method, u.gateway.sessions.Tell(session, message.Method, fields))
		}
	}
}
