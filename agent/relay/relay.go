package relay

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
)

// Relay passes every message between a client, over a pair of streams, and a server,
// byte for byte where it can. It leaves what may cost money to one who pays for it, and
// adds the tool chit_balance.
type Relay struct {
	target string // the URL of the server
	url    string // the same, as it is shown
	paying Paying
	wire   *transport.StreamableHTTP
	limits dial.Limits
	asked  *dial.Crowd // requests of the server under way
	logger *slog.Logger
	out    output
	dealt  dealt

	mu        sync.Mutex // guards what follows
	lastID    int64
	calls     map[string]*passing        // requests of the client under way, by their id
	questions map[string]chan Message    // requests of the server under way, by the id that the client knows
	greeted   json.RawMessage            // the client's initialize, to greet the server again
	abilities map[string]json.RawMessage // what the client says that it answers

	greeting sync.Mutex // held while the server is greeted again
	greets   int        // how often that was done
}

// passing is a request of the client under way.
type passing struct {
	cancel   context.CancelFunc
	upstream any // its id at the server at the moment, nil if it is not there
}

// Paying is who pays for the calls of tools, for resources that are read and prompts that are got.
type Paying interface {
	// Call makes a call of a tool, or a read, whose params are those of the message.
	Call(ctx context.Context, m Message, tool string, params map[string]json.RawMessage) (Message, error)
	// Sees is told of all that the server lists, with its _meta.
	Sees(tool string, meta map[string]json.RawMessage)
	// TellBalance answers a call of [BalanceTool].
	TellBalance(ctx context.Context) (Message, error)
}

// Options say between whom messages go, and who pays.
type Options struct {
	// Target is the URL of the server, and URL the same as it is shown.
	Target, URL string
	// Limits have their defaults; Asked counts the requests of the server under way.
	Limits dial.Limits
	Asked  *dial.Crowd
	Logger *slog.Logger
	Paying Paying
}

// New makes a relay to a server, which it connects to when its client does. The caller
// closes it.
func New(o Options, opts ...transport.StreamableHTTPCOption) (*Relay, error) {
	r := &Relay{
		target: o.Target, url: o.URL, limits: o.Limits, asked: o.Asked, logger: o.Logger, paying: o.Paying,
		calls: make(map[string]*passing), questions: make(map[string]chan Message),
	}
	//lint:ignore SA1019 the proxy speaks the older protocol, which tells of changes in no other way
	listening := transport.WithContinuousListening()
	var err error
	if r.wire, err = transport.NewStreamableHTTP(o.Target, append(opts, listening, transport.WithHTTPLogger(o.Logger))...); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", o.URL, err)
	}
	r.wire.SetNotificationHandler(r.notified)
	r.wire.SetRequestHandler(r.serverAsks)
	return r, nil
}

// Close closes the connection to the server. Serve must have returned.
func (p *Relay) Close() error { return p.wire.Close() }

// lastCalls is how long calls under way may take to end when the client has gone.
const lastCalls = 10 * time.Second

// Serve talks to a client until in ends or ctx does. Where in cannot be interrupted,
// one goroutine stays behind that reads it.
func (p *Relay) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p.out.w = out
	if err := p.wire.Start(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", p.url, err)
	}
	lines, ended := p.readLines(ctx, in)
	var working sync.WaitGroup
	defer working.Wait()
	for {
		select {
		case line := <-lines:
			p.take(ctx, line, &working)
		case err := <-ended:
			last := time.AfterFunc(lastCalls, cancel)
			defer last.Stop()
			working.Wait()
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// readLines hands over the lines of in. Ended gets one value, nil for the end of in.
func (p *Relay) readLines(ctx context.Context, in io.Reader) (lines chan []byte, ended chan error) {
	lines, ended = make(chan []byte), make(chan error, 1)
	go func() {
		reader := bufio.NewReader(in)
		for {
			line, err := readLine(reader, p.limits.Answer)
			if len(line) > 0 {
				select {
				case lines <- line:
				case <-ctx.Done():
					return
				}
			}
			if errors.Is(err, io.EOF) {
				ended <- nil
				return
			}
			if err != nil {
				ended <- fmt.Errorf("read from the MCP client: %w", err)
				return
			}
		}
	}()
	return lines, ended
}

// readLine reads a line of so many bytes at most.
func readLine(in *bufio.Reader, most int64) (line []byte, err error) {
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		if int64(len(line)) > most {
			return nil, dial.Over("Answer", most, "a message has more bytes")
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// take handles one message of the client. Notifications keep their order.
func (p *Relay) take(ctx context.Context, line []byte, working *sync.WaitGroup) {
	if len(trim(line)) == 0 {
		return
	}
	m, err := readMessage(line)
	if err != nil {
		p.out.send(Message{ID: json.RawMessage("null"), Error: rpcError(mcp.PARSE_ERROR, "not one JSON-RPC message a line: "+err.Error())})
		return
	}
	switch {
	case m.Method == "":
		p.answered(m)
	case m.ID == nil:
		p.clientNotifies(ctx, m, line)
	default:
		ctx, cancel := context.WithCancel(ctx)
		if err := p.begin(m.ID, cancel); err != nil {
			cancel()
			p.out.send(Message{ID: m.ID, Error: rpcError(mcp.INVALID_REQUEST, err.Error())})
			return
		}
		working.Go(func() {
			defer cancel()
			answer := p.request(ctx, m)
			p.mu.Lock()
			delete(p.calls, string(m.ID))
			p.mu.Unlock()
			if ctx.Err() == nil {
				answer.ID = m.ID
				p.out.send(answer)
			}
		})
	}
}

// begin notes a request of the client that is under way.
func (p *Relay) begin(id json.RawMessage, cancel context.CancelFunc) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[string(id)] != nil {
		return fmt.Errorf("a request with the id %s is under way already", naming.Short(string(id)))
	}
	if len(p.calls) >= p.limits.Requests {
		return dial.Over("Requests", p.limits.Requests, "too many requests are under way at once")
	}
	p.calls[string(id)] = &passing{cancel: cancel}
	return nil
}

// request answers a request of the client.
func (p *Relay) request(ctx context.Context, m Message) Message {
	var answer Message
	var err error
	switch m.Method {
	case string(mcp.MethodInitialize):
		answer, err = p.greet(ctx, m)
	case string(mcp.MethodServerDiscover): // a client that hears this greets with initialize
		answer = Message{Error: rpcError(mcp.METHOD_NOT_FOUND, "this server starts with initialize")}
	case string(mcp.MethodToolsList):
		answer, err = p.listTools(ctx, m)
	case string(mcp.MethodToolsCall):
		answer, err = p.callTool(ctx, m)
	case string(mcp.MethodResourcesRead), string(mcp.MethodPromptsGet):
		answer, err = p.read(ctx, m)
	case string(mcp.MethodResourcesList), string(mcp.MethodPromptsList):
		answer, err = p.list(ctx, m)
	default:
		answer, err = p.Forward(ctx, m.ID, m.Method, m.Params)
	}
	if err != nil {
		p.logger.Warn("a request failed", "method", m.Method, "error", err)
		return Message{Error: rpcError(mcp.INTERNAL_ERROR, err.Error())}
	}
	return answer
}

// Forward sends a request to the server under an id of the proxy's own.
func (p *Relay) Forward(ctx context.Context, id json.RawMessage, method string, params any) (Message, error) {
	round := p.round()
	answer, err := p.forwardOnce(ctx, id, method, params)
	if !errors.Is(err, transport.ErrSessionTerminated) {
		return answer, err
	}
	if err := p.greetAgain(ctx, round); err != nil {
		return Message{}, err
	}
	return p.forwardOnce(ctx, id, method, params)
}

func (p *Relay) forwardOnce(ctx context.Context, id json.RawMessage, method string, params any) (Message, error) {
	p.mu.Lock()
	p.lastID++
	own := p.lastID
	if call := p.calls[string(id)]; call != nil {
		call.upstream = own
	}
	p.mu.Unlock()
	request := transport.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: mcp.NewRequestId(own), Method: method}
	if raw, isRaw := params.(json.RawMessage); !isRaw || raw != nil {
		request.Params = params
	}
	if !isPaid(method) {
		var done context.CancelFunc
		ctx, done = p.limits.Within(ctx)
		defer done()
	}
	ctx, why := dial.Watched(ctx)
	response, err := p.wire.SendRequest(ctx, request)
	if err = why(err); err != nil {
		return Message{}, fmt.Errorf("%s: %w", p.url, naming.Conceal(err, p.target, p.url))
	}
	answer := Message{Result: response.Result}
	if answer.Result == nil && response.Error == nil {
		answer.Result = json.RawMessage("{}")
	}
	if response.Error != nil {
		if answer.Error, err = json.Marshal(response.Error); err != nil {
			return Message{}, err
		}
	}
	return answer, nil
}
