package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/asking"
)

// link is one connection to an upstream, from the handshake to its end.
type link struct {
	client *mcpclient.Client
	hello  *mcp.InitializeResult // once greeted is closed
	wire   wire
	bounds bounds // of its lists
	// owner is whose calls it carries.
	owner   owner
	ctx     context.Context // ends with the link
	greeted chan struct{}   // closed after the handshake
	// questions are what the upstream asks at the moment: the id of each, and what ends it.
	questions sync.Map
	// suspect asks for a look whether the connection still lives, news for another look
	// at the lists, tune for another subscription. Each holds one request.
	suspect, news, tune chan struct{}
	requests            atomic.Uint64 // that the gateway made by itself
	close               func()
}

// owner is the client that a link belongs to, and what it declares to the upstream. One
// without a session is all of them.
type owner struct {
	session string
	able    asking.Abilities
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // asked for already
	}
}

// idleConnections is how many calls to one upstream can be on the wire at once
// without new connections.
const idleConnections = 128

// older is the protocol of 2025: one stream for all notifications of a session.
const older = mcp.LATEST_LEGACY_PROTOCOL_VERSION

// connect opens a link. It takes at most the upstream's timeout for each protocol
// that it tries. Over streamable HTTP the newest is tried first, because it keeps the
// notifications of a call on the call's own stream; where a program or SSE has only
// one stream there is nothing to gain.
func (u *upstream) connect(ctx context.Context) (*link, error) {
	if u.Command != "" || u.SSE {
		return u.dial(ctx, older, owner{})
	}
	l, err := u.dial(ctx, "", owner{})
	if err != nil || l.modern() {
		return l, err
	}
	l.close()
	return u.dial(ctx, older, owner{})
}

// dial opens a link with a version of the protocol, "" for the newest that both speak.
func (u *upstream) dial(ctx context.Context, version string, of owner) (*link, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	wire, tail, err := u.transport(ctx, version)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	client := mcpclient.NewClient(wire.transport, mcpclient.WithProtocolVersion(version), mcpclient.WithClientCapabilities(of.able.Declared()))
	l := &link{
		client: client, wire: wire, bounds: bounds{u.gateway.limiter}, owner: of, ctx: ctx, greeted: make(chan struct{}),
		suspect: make(chan struct{}, 1), news: make(chan struct{}, 1), tune: make(chan struct{}, 1),
	}
	var hearing sync.WaitGroup
	l.close = sync.OnceFunc(func() {
		_ = client.Close() // the other side may be gone
		cancel(nil)
		hearing.Wait()
		wire.idle()
	})
	client.OnNotification(func(n mcp.JSONRPCNotification) { u.notified(l, n) })
	client.OnConnectionLost(func(error) { poke(l.suspect) })
	late := time.AfterFunc(u.Timeout, func() {
		cancel(fmt.Errorf("no answer to the handshake within %s", u.Timeout))
	})
	err = l.greet(ctx, u.gateway.version, u.handle(l))
	if !late.Stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		if l.modern() {
			hearing.Go(func() { u.hear(ctx, l) })
		}
		return l, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	l.close()
	if said := tail.String(); said != "" {
		err = fmt.Errorf("%w; its last words: %s", err, said)
	}
	return nil, err
}

func (l *link) modern() bool { return mcp.IsModernProtocol(l.hello.ProtocolVersion) }

func (l *link) greet(ctx context.Context, version string, asked transport.RequestHandler) error {
	if err := l.client.Start(ctx); err != nil {
		return err
	}
	if asking, ok := l.wire.transport.(transport.BidirectionalInterface); ok {
		asking.SetRequestHandler(asked)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "chit-gateway", Version: version}
	var err error
	if l.hello, err = l.client.Initialize(ctx, hello); err != nil {
		return err
	}
	close(l.greeted)
	if l.owner.session != "" {
		l.wire.listen(ctx)
	}
	if l.hello.Capabilities.Logging != nil && !l.modern() {
		// Each client's own level decides what it gets.
		if _, err := l.request(ctx, mcp.MethodSetLogLevel, map[string]any{"level": mcp.LoggingLevelDebug}); isLost(err) {
			return err
		}
	}
	return nil
}

// tuneEvery is how often the stream of changes is opened again at most.
const tuneEvery = 100 * time.Millisecond

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// hear listens for what changes, on a connection of the newest protocol, until ctx
// ends. The stream is opened again when the resources that are watched change.
func (u *upstream) hear(ctx context.Context, l *link) {
	for ctx.Err() == nil {
		filter := mcp.SubscriptionFilter{
			ToolsListChanged: true, PromptsListChanged: true, ResourcesListChanged: true, ResourceSubscriptions: u.gateway.sessions.Watched(u.Name),
		}
		listening, cancel := context.WithCancel(ctx)
		var tuning sync.WaitGroup
		tuning.Go(func() {
			select {
			case <-l.tune:
				pause(listening, tuneEvery)
				cancel()
			case <-listening.Done():
			}
		})
		_ = l.client.Listen(listening, filter) // ends with the connection, or to be opened again
		tuned := listening.Err() != nil
		cancel()
		tuning.Wait()
		if tuned {
			continue
		}
		poke(l.suspect)
		pause(ctx, firstRetry)
	}
}

// alive asks the upstream for a sign of life. Any answer is one.
func (l *link) alive(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	method := mcp.MethodPing
	if l.modern() {
		method = mcp.MethodServerDiscover
	}
	if _, err := l.request(ctx, method, nil); isLost(err) {
		return err
	}
	return nil
}

// request sends what the client library has no call for: methods of one protocol
// alone, and those whose answers it does not keep byte for byte.
func (l *link) request(ctx context.Context, method mcp.MCPMethod, params map[string]any) (json.RawMessage, error) {
	var header http.Header
	if l.modern() {
		params = maps.Clone(params)
		if params == nil {
			params = make(map[string]any)
		}
		params["_meta"] = l.stamped(params["_meta"])
		header = make(http.Header)
		encoded, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		for name, value := range mcp.StandardHeaders(l.hello.ProtocolVersion, method, encoded) {
			header.Set(name, value)
		}
	}
	id := mcp.NewRequestId(fmt.Sprintf("gateway-%d", l.requests.Add(1))) // the library's own are numbers
	request := transport.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: id, Method: string(method), Header: header}
	if params != nil {
		request.Params = params
	}
	response, err := l.client.GetTransport().SendRequest(ctx, request)
	if err != nil {
		return nil, transport.NewError(err)
	}
	if response.Error != nil {
		return nil, response.Error.AsError()
	}
	return response.Result, nil
}

// stamped is a request's _meta with what the newest protocol asks to be in it.
func (l *link) stamped(meta any) map[string]any {
	fields := make(map[string]any)
	if given, ok := meta.(*mcp.Meta); ok && given != nil {
		maps.Copy(fields, given.AdditionalFields)
		if given.ProgressToken != nil {
			fields["progressToken"] = given.ProgressToken
		}
	}
	fields[mcp.MetaKeyProtocolVersion] = l.hello.ProtocolVersion
	fields[mcp.MetaKeyClientCapabilities] = struct{}{}
	return fields
}

// isLost tells an answer that did not come from one that is an error.
func isLost(err error) bool {
	var lost *transport.Error
	return errors.As(err, &lost)
}
