package sessions

import (
	"context"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/offer"
)

// Held keeps back what a priced call tells its client before it is paid: log messages
// until then, and of its progress everything but the numbers. Else who goes away before
// the end would have had for nothing what they say. A tool that charges for failures and
// for cancelled calls is paid in any case, and tells what it likes.
type Held struct {
	to mcpserver.ClientSession

	begin sync.Once
	over  sync.Once
	in    chan mcp.JSONRPCNotification // nil until something is told
	stop  chan struct{}
	done  chan struct{}
	held  []mcp.JSONRPCNotification // its goroutine's until done is closed
}

const (
	// maxHeld is how many messages of one call are kept back, the first.
	maxHeld = 256
	// heldQueue is how many may wait to be looked at.
	heldQueue = 64
	// lettingGo is how long an answer waits for the messages before it.
	lettingGo = time.Second
)

// Hold is the context of a priced call whose client is told nothing yet that is worth
// something. The caller ends it;
// nil needs no end.
func Hold(ctx context.Context, r *offer.Offer) (context.Context, *Held) {
	session, tools := mcpserver.ClientSessionFromContext(ctx), mcpserver.ServerFromContext(ctx)
	if session == nil || tools == nil || r.ChargeFailed && r.ChargeCancelled {
		return ctx, nil
	}
	h := &Held{to: session}
	return tools.WithContext(ctx, h.session()), h
}

// channel is where the call's messages go.
func (h *Held) channel() chan<- mcp.JSONRPCNotification {
	h.begin.Do(func() {
		h.in, h.stop, h.done = make(chan mcp.JSONRPCNotification, heldQueue), make(chan struct{}), make(chan struct{})
		go h.follow()
	})
	return h.in
}

func (h *Held) follow() {
	defer close(h.done)
	for {
		select {
		case n := <-h.in:
			h.take(n)
		case <-h.stop:
			for {
				select {
				case n := <-h.in:
					h.take(n)
				default:
					return
				}
			}
		}
	}
}

// harmless are notifications that say nothing that is sold.
var harmless = map[string]bool{
	mcp.MethodNotificationToolsListChanged: true, mcp.MethodNotificationResourcesListChanged: true,
	mcp.MethodNotificationPromptsListChanged: true, mcp.MethodNotificationResourceUpdated: true,
	string(mcp.MethodNotificationCancelled): true, string(mcp.MethodNotificationElicitationComplete): true,
}

func (h *Held) take(n mcp.JSONRPCNotification) {
	switch {
	case n.Method == string(mcp.MethodNotificationProgress):
		h.pass(numbers(n))
	case harmless[n.Method]:
		h.pass(n)
	case len(h.held) < maxHeld:
		h.held = append(h.held, n)
	}
}

// numbers is a notification of progress without its words.
func numbers(n mcp.JSONRPCNotification) mcp.JSONRPCNotification {
	fields := make(map[string]any, 3)
	for _, name := range []string{"progressToken", "progress", "total"} {
		if value, there := n.Params.AdditionalFields[name]; there {
			fields[name] = value
		}
	}
	n.Params.AdditionalFields, n.Params.Meta = fields, nil
	return n
}

// pass tells the client, unless it does not read.
func (h *Held) pass(n mcp.JSONRPCNotification) {
	select {
	case h.to.NotificationChannel() <- n:
	default:
	}
}

// End ends it; nil is none. The first counts. Where the call is paid the client is told what was kept back,
// before the answer.
func (h *Held) End(paid bool) {
	if h != nil {
		h.over.Do(func() { h.close(paid) })
	}
}

func (h *Held) close(paid bool) {
	h.begin.Do(func() {}) // what is told from now on goes nowhere
	if h.in == nil {
		return
	}
	close(h.stop)
	<-h.done
	if !paid || len(h.held) == 0 {
		return
	}
	for _, n := range h.held {
		h.pass(n)
	}
	h.wait()
}

// wait lets the messages leave: the server library drops those that are on their way
// when the call ends.
func (h *Held) wait() {
	late, tick := time.NewTimer(lettingGo), time.NewTicker(time.Millisecond)
	defer late.Stop()
	defer tick.Stop()
	for idle := 0; idle < 2; { // what was taken last is written a little later
		select {
		case <-tick.C:
		case <-late.C:
			return
		}
		if idle++; len(h.to.NotificationChannel()) > 0 {
			idle = 0
		}
	}
}

// session is the call's session with its messages on hold. What else it can do depends
// on the transport.
func (h *Held) session() mcpserver.ClientSession {
	switch s := h.to.(type) {
	case askableHTTP:
		return heldHTTP{s, h}
	case streamed:
		return heldStreamed{s, h}
	case askable:
		return heldAskable{s, h}
	case listing:
		return heldListing{s, h}
	case mcpserver.SessionWithLogging:
		return heldLogging{s, h}
	}
	return heldPlain{h.to, h}
}

// The sessions of the transports: streamable HTTP as it is and through a gateway,
// standard streams and within a process, and SSE.
type (
	askableHTTP interface {
		httpSession
		mcpserver.SessionWithSampling
		mcpserver.SessionWithElicitation
		mcpserver.SessionWithRoots
	}
	streamed interface {
		mcpserver.SessionWithLogging
		mcpserver.SessionWithClientInfo
		mcpserver.SessionWithProtocolVersion
		mcpserver.SessionWithStreamableHTTPConfig
		mcpserver.SessionWithSubscriptionFilter
	}
	askable interface {
		mcpserver.SessionWithLogging
		mcpserver.SessionWithClientInfo
		mcpserver.SessionWithSampling
		mcpserver.SessionWithElicitation
		mcpserver.SessionWithRoots
	}
	listing interface {
		mcpserver.SessionWithLogging
		mcpserver.SessionWithTools
		mcpserver.SessionWithResources
		mcpserver.SessionWithResourceTemplates
		mcpserver.SessionWithClientInfo
	}
)

type (
	heldHTTP struct {
		askableHTTP
		on *Held
	}
	heldStreamed struct {
		streamed
		on *Held
	}
	heldAskable struct {
		askable
		on *Held
	}
	heldListing struct {
		listing
		on *Held
	}
	heldLogging struct {
		mcpserver.SessionWithLogging
		on *Held
	}
	heldPlain struct {
		mcpserver.ClientSession
		on *Held
	}
)

// NotificationChannel is where the call's messages go.
func (s heldHTTP) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }

// NotificationChannel is where the call's messages go.
func (s heldStreamed) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }

// NotificationChannel is where the call's messages go.
func (s heldAskable) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }

// NotificationChannel is where the call's messages go.
func (s heldListing) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }

// NotificationChannel is where the call's messages go.
func (s heldLogging) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }

// NotificationChannel is where the call's messages go.
func (s heldPlain) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.on.channel() }
