package link

import (
	"context"
	"sync"
	"sync/atomic"

	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/asking"
)

// Link is one connection to an upstream. It is safe for concurrent use.
type Link struct {
	// Client makes the calls that the client library knows.
	Client *mcpclient.Client
	// Hello is what the upstream said of itself in the handshake.
	Hello *mcp.InitializeResult // once greeted is closed
	// Owner is whose calls the link carries.
	Owner Owner

	wire    wire
	bounds  bounds          // of its lists
	ctx     context.Context // ends with the link
	greeted chan struct{}   // closed after the handshake
	// questions are what the upstream asks at the moment: the id of each, and what ends it.
	questions sync.Map
	// suspect asks for a look whether the connection still lives, news for another look
	// at the lists, tune for another subscription. Each holds one request.
	suspect, news, tune chan struct{}
	requests            atomic.Uint64 // that the gateway made by itself
	close               func()        // once
}

// Owner is the client that a link belongs to. One without a session is all of them.
type Owner struct {
	Session string
	// Able is what the client declares to the upstream.
	Able asking.Abilities
}

// Modern says whether the link speaks the newest protocol, which has no sessions.
func (l *Link) Modern() bool { return mcp.IsModernProtocol(l.Hello.ProtocolVersion) }

// Context ends with the link.
func (l *Link) Context() context.Context { return l.ctx }

// Close ends the link, and the program on its other side.
func (l *Link) Close() { l.close() }

// Suspect asks whoever tends the link to look whether it still lives.
func (l *Link) Suspect() { poke(l.suspect) }

// Suspected tells of it.
func (l *Link) Suspected() <-chan struct{} { return l.suspect }

// Changed says that the upstream's lists are others than before.
func (l *Link) Changed() { poke(l.news) }

// News tells of it.
func (l *Link) News() <-chan struct{} { return l.news }

// Tune has a link of the newest protocol listen for the resources that are watched now.
func (l *Link) Tune() { poke(l.tune) }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // asked for already
	}
}

func (l *Link) greet(ctx context.Context, version string, asked transport.RequestHandler) error {
	if err := l.Client.Start(ctx); err != nil {
		return err
	}
	if asking, ok := l.wire.transport.(transport.BidirectionalInterface); ok {
		asking.SetRequestHandler(asked)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: "chit-gateway", Version: version}
	var err error
	if l.Hello, err = l.Client.Initialize(ctx, hello); err != nil {
		return err
	}
	close(l.greeted)
	if l.Owner.Session != "" {
		l.wire.listen(ctx)
	}
	if l.Hello.Capabilities.Logging != nil && !l.Modern() {
		// Each client's own level decides what it gets.
		if _, err := l.Request(ctx, mcp.MethodSetLogLevel, map[string]any{"level": mcp.LoggingLevelDebug}); IsLost(err) {
			return err
		}
	}
	return nil
}
