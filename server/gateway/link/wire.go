package link

import (
	"context"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/gateway/framing"
)

// wire is a transport with what frees its idle connections.
type wire struct {
	transport transport.Interface
	idle      func()
	// answer posts the answer to a request of the upstream; nil where the transport does.
	answer func(context.Context, *mcp.InitializeResult, *transport.JSONRPCResponse) error
	// listening is closed once the upstream has answered whether it has a stream for what
	// belongs to no call; nil where there is none.
	listening <-chan struct{}
}

// listenPatience is how long that is waited for.
const listenPatience = 2 * time.Second

// listen waits until the upstream can ask: what it asks before that is lost.
func (w *wire) listen(ctx context.Context) {
	if w.listening == nil {
		return
	}
	late := time.NewTimer(listenPatience)
	defer late.Stop()
	select {
	case <-w.listening:
	case <-late.C:
	case <-ctx.Done():
	}
}

// listener notes the first answer to a GET.
type listener struct {
	next http.RoundTripper
	note func()
}

func (l *listener) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if req.Method == http.MethodGet && err == nil {
		l.note()
	}
	return resp, err
}

// unlimited leaves it to the gateway how long a request takes: it knows of progress.
const unlimited = math.MaxInt64

// transport makes what the config asks for, and starts it if it is a program, which ends
// with ctx. The tail is what a program last said on standard error.
func (d *Dialer) transport(ctx context.Context, version string) (wire, *tail, error) {
	quiet := slog.New(slog.DiscardHandler) // its messages may hold URLs and headers
	said := &tail{}
	if d.Command != "" {
		program, err := startProgram(ctx, d, said)
		return wire{transport: program, idle: func() {}}, said, err
	}
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConns, pool.MaxIdleConnsPerHost, pool.MaxResponseHeaderBytes = idleConnections, idleConnections, maxAnswerHeader
	client := &http.Client{Transport: &bounded{pool, d}, CheckRedirect: sameHost}
	if d.SSE {
		sse, err := transport.NewSSE(d.URL, transport.WithHTTPClient(client), transport.WithHeaders(d.Headers),
			transport.WithEndpointTimeout(d.Timeout), transport.WithResponseTimeout(unlimited), transport.WithSSELogger(quiet))
		return wire{transport: sse, idle: pool.CloseIdleConnections}, said, err
	}
	listening := make(chan struct{})
	client.Transport = &listener{client.Transport, sync.OnceFunc(func() { close(listening) })}
	options := []transport.StreamableHTTPCOption{
		transport.WithHTTPBasicClient(client), transport.WithHTTPHeaders(d.Headers), transport.WithHTTPLogger(quiet),
	}
	if version == older {
		//lint:ignore SA1019 servers of the older protocol tell of changes in no other way
		options = append(options, transport.WithContinuousListening())
	}
	streamable, err := transport.NewStreamableHTTP(d.URL, options...)
	if err != nil {
		return wire{}, said, err
	}
	return wire{streamable, pool.CloseIdleConnections, d.answerOver(client, streamable), listening}, said, nil
}

// sameHost follows redirects within the upstream alone: its headers are secrets.
func sameHost(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 || req.URL.Host != via[0].URL.Host || req.URL.Scheme != via[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// maxAnswerHeader is the longest header of an upstream's answer, in bytes.
const maxAnswerHeader = 256 << 10

// bounded reads answers as far as [server.Limits] go, after they were decompressed.
type bounded struct {
	next   http.RoundTripper
	dialer *Dialer
}

// RoundTrip implements [http.RoundTripper].
func (b *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	how := framing.Whole
	if mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); mediaType == "text/event-stream" {
		how = framing.ByEvent
	}
	resp.Body = b.dialer.messages(resp.Body, how)
	return resp, nil
}

func (d *Dialer) messages(from io.ReadCloser, how framing.Framing) *framing.Reader {
	limiter := d.Limiter
	return framing.New(from, how, limiter.Limits().Answer, func() { limiter.MeetLimit("answer") })
}
