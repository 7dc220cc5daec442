package link

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/config"
)

// Dialer opens links to an upstream.
type Dialer struct {
	config.Upstream

	// Version is the gateway's, told to the upstream.
	Version string
	Limiter Limiter
	Logger  *slog.Logger
	// Notified takes the notifications of a link. It must not wait: answers come behind them.
	Notified func(*Link, mcp.JSONRPCNotification)
	// Asked answers what the upstream asks on a link, but pings.
	Asked func(context.Context, *Link, transport.JSONRPCRequest) *transport.JSONRPCResponse
	// Watched are the resources of which a link of the newest protocol listens for changes.
	Watched func() (uris []string)
}

// Limiter bounds what an upstream says, and is told when that meets a limit.
type Limiter interface {
	Limits() server.Limits
	MeetLimit(name string)
}

// idleConnections is how many calls to one upstream can be on the wire at once
// without new connections.
const idleConnections = 128

// older is the protocol of 2025: one stream for all notifications of a session.
const older = mcp.LATEST_LEGACY_PROTOCOL_VERSION

// Connect opens a link that all clients share. It takes at most the upstream's timeout for each protocol
// that it tries. Over streamable HTTP the newest is tried first, because it keeps the
// notifications of a call on the call's own stream; where a program or SSE has only
// one stream there is nothing to gain.
func (d *Dialer) Connect(ctx context.Context) (*Link, error) {
	if d.Command != "" || d.SSE {
		return d.dial(ctx, older, Owner{})
	}
	l, err := d.dial(ctx, "", Owner{})
	if err != nil || l.Modern() {
		return l, err
	}
	l.Close()
	return d.dial(ctx, older, Owner{})
}

// ConnectFor opens a link that belongs to one client, of the protocol by which the upstream
// can ask it. It takes at most the upstream's timeout.
func (d *Dialer) ConnectFor(ctx context.Context, owner Owner) (*Link, error) {
	return d.dial(ctx, older, owner)
}

// dial opens a link with a version of the protocol, "" for the newest that both speak.
func (d *Dialer) dial(ctx context.Context, version string, of Owner) (*Link, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	wire, tail, err := d.transport(ctx, version)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	client := mcpclient.NewClient(wire.transport, mcpclient.WithProtocolVersion(version), mcpclient.WithClientCapabilities(of.Able.Declared()))
	l := &Link{
		Client: client, wire: wire, bounds: bounds{d.Limiter}, Owner: of, ctx: ctx, greeted: make(chan struct{}),
		suspect: make(chan struct{}, 1), news: make(chan struct{}, 1), tune: make(chan struct{}, 1),
	}
	var hearing sync.WaitGroup
	l.close = sync.OnceFunc(func() {
		_ = client.Close() // the other side may be gone
		cancel(nil)
		hearing.Wait()
		wire.idle()
	})
	client.OnNotification(func(n mcp.JSONRPCNotification) { d.Notified(l, n) })
	client.OnConnectionLost(func(error) { l.Suspect() })
	late := time.AfterFunc(d.Timeout, func() {
		cancel(fmt.Errorf("no answer to the handshake within %s", d.Timeout))
	})
	err = l.greet(ctx, d.Version, d.handle(l))
	if !late.Stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		if l.Modern() {
			hearing.Go(func() { d.hear(ctx, l) })
		}
		return l, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	l.Close()
	if said := tail.String(); said != "" {
		err = fmt.Errorf("%w; its last words: %s", err, said)
	}
	return nil, err
}
