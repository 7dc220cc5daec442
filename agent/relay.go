package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
)

// relay passes every message between a client, over a pair of streams, and a server,
// byte for byte where it can. It leaves the calls of tools to one who pays for them, and
// adds the tool chit_balance.
type relay struct {
	target string // the URL of the server
	url    string // the same, as it is shown
	paying paying
	wire   *transport.StreamableHTTP
	limits dial.Limits
	asked  *dial.Crowd // requests of the server under way
	logger *slog.Logger
	out    output
	dealt  dealt

	mu        sync.Mutex // guards what follows
	lastID    int64
	calls     map[string]*passing        // requests of the client under way, by their id
	questions map[string]chan message    // requests of the server under way, by the id that the client knows
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

// paying is who pays for the calls of tools.
type paying interface {
	// call makes a call of a tool, whose params are those of the message.
	call(ctx context.Context, m message, tool string, params map[string]json.RawMessage) (message, error)
	// sees is told of each tool that the server lists, with its _meta.
	sees(tool string, meta map[string]json.RawMessage)
	// tellBalance answers a call of [BalanceTool].
	tellBalance(ctx context.Context) (message, error)
}

func newRelay(target, url string, limits dial.Limits, asked *dial.Crowd, logger *slog.Logger, opts ...transport.StreamableHTTPCOption) (*relay, error) {
	r := &relay{
		target: target, url: url, limits: limits, asked: asked, logger: logger,
		calls: make(map[string]*passing), questions: make(map[string]chan message),
	}
	//lint:ignore SA1019 the proxy speaks the older protocol, which tells of changes in no other way
	listening := transport.WithContinuousListening()
	var err error
	if r.wire, err = transport.NewStreamableHTTP(target, append(opts, listening, transport.WithHTTPLogger(logger))...); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	r.wire.SetNotificationHandler(r.notified)
	r.wire.SetRequestHandler(r.serverAsks)
	return r, nil
}

// lastCalls is how long calls under way may take to end when the client has gone.
const lastCalls = 10 * time.Second

// Serve talks to a client until in ends or ctx does. Where in cannot be interrupted,
// one goroutine stays behind that reads it.
func (p *relay) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
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
func (p *relay) readLines(ctx context.Context, in io.Reader) (lines chan []byte, ended chan error) {
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
func (p *relay) take(ctx context.Context, line []byte, working *sync.WaitGroup) {
	if len(trim(line)) == 0 {
		return
	}
	m, err := readMessage(line)
	if err != nil {
		p.out.send(message{ID: json.RawMessage("null"), Error: rpcError(mcp.PARSE_ERROR, "not one JSON-RPC message a line: "+err.Error())})
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
			p.out.send(message{ID: m.ID, Error: rpcError(mcp.INVALID_REQUEST, err.Error())})
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
func (p *relay) begin(id json.RawMessage, cancel context.CancelFunc) error {
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
func (p *relay) request(ctx context.Context, m message) message {
	var answer message
	var err error
	switch m.Method {
	case string(mcp.MethodInitialize):
		answer, err = p.greet(ctx, m)
	case string(mcp.MethodServerDiscover): // a client that hears this greets with initialize
		answer = message{Error: rpcError(mcp.METHOD_NOT_FOUND, "this server starts with initialize")}
	case string(mcp.MethodToolsList):
		answer, err = p.listTools(ctx, m)
	case string(mcp.MethodToolsCall):
		answer, err = p.callTool(ctx, m)
	default:
		answer, err = p.forward(ctx, m.ID, m.Method, m.Params)
	}
	if err != nil {
		p.logger.Warn("a request failed", "method", m.Method, "error", err)
		return message{Error: rpcError(mcp.INTERNAL_ERROR, err.Error())}
	}
	return answer
}

// forward sends a request to the server under an id of the proxy's own.
func (p *relay) forward(ctx context.Context, id json.RawMessage, method string, params any) (message, error) {
	round := p.round()
	answer, err := p.forwardOnce(ctx, id, method, params)
	if !errors.Is(err, transport.ErrSessionTerminated) {
		return answer, err
	}
	if err := p.greetAgain(ctx, round); err != nil {
		return message{}, err
	}
	return p.forwardOnce(ctx, id, method, params)
}

func (p *relay) forwardOnce(ctx context.Context, id json.RawMessage, method string, params any) (message, error) {
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
	if method != string(mcp.MethodToolsCall) {
		var done context.CancelFunc
		ctx, done = p.limits.Within(ctx)
		defer done()
	}
	ctx, why := dial.Watched(ctx)
	response, err := p.wire.SendRequest(ctx, request)
	if err = why(err); err != nil {
		return message{}, fmt.Errorf("%s: %w", p.url, naming.Conceal(err, p.target, p.url))
	}
	answer := message{Result: response.Result}
	if answer.Result == nil && response.Error == nil {
		answer.Result = json.RawMessage("{}")
	}
	if response.Error != nil {
		if answer.Error, err = json.Marshal(response.Error); err != nil {
			return message{}, err
		}
	}
	return answer, nil
}

// greet passes the client's initialize on, and adds the tools of the proxy's own.
func (p *relay) greet(ctx context.Context, m message) (message, error) {
	var version string
	var abilities map[string]json.RawMessage
	params, err := exactly(m.Params)
	if errors.Join(err, member(params, "protocolVersion", &version), member(params, "capabilities", &abilities)) != nil {
		return message{Error: rpcError(mcp.INVALID_PARAMS, "initialize has no params that can be read")}, nil
	}
	if mcp.IsModernProtocol(version) {
		params["protocolVersion"] = json.RawMessage(`"` + mcp.LATEST_LEGACY_PROTOCOL_VERSION + `"`)
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return message{}, err
	}
	answer, err := p.forwardOnce(ctx, m.ID, m.Method, json.RawMessage(raw))
	if err != nil {
		return message{}, dial.NotMCP(p.url, err)
	}
	if answer.Error != nil {
		return answer, nil
	}
	p.mu.Lock()
	p.greeted, p.abilities = raw, abilities
	p.mu.Unlock()
	answer.Result, err = p.welcome(answer.Result)
	return answer, err
}

// welcome reads the server's answer to initialize, and says that there are tools.
func (p *relay) welcome(result json.RawMessage) (json.RawMessage, error) {
	var version struct{ ProtocolVersion string }
	var fields, capabilities map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(result, &version), json.Unmarshal(result, &fields)); err != nil {
		return nil, dial.NotMCP(p.url, err)
	}
	p.wire.SetProtocolVersion(version.ProtocolVersion)
	if err := json.Unmarshal(fields["capabilities"], &capabilities); err != nil {
		return nil, dial.NotMCP(p.url, err)
	}
	if capabilities["tools"] != nil {
		return result, nil
	}
	capabilities = maps.Clone(capabilities)
	if capabilities == nil {
		capabilities = make(map[string]json.RawMessage)
	}
	capabilities["tools"] = json.RawMessage("{}")
	var err error
	if fields["capabilities"], err = json.Marshal(capabilities); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

func (p *relay) round() int {
	p.greeting.Lock()
	defer p.greeting.Unlock()
	return p.greets
}

// greetAgain opens a new session with a server that has forgotten the last one, once
// for all requests of that session.
func (p *relay) greetAgain(ctx context.Context, round int) error {
	p.greeting.Lock()
	defer p.greeting.Unlock()
	if p.greets != round {
		return nil
	}
	p.mu.Lock()
	greeted := p.greeted
	p.mu.Unlock()
	answer, err := p.forwardOnce(ctx, nil, string(mcp.MethodInitialize), greeted)
	if err != nil {
		return err
	}
	if answer.Error != nil {
		return fmt.Errorf("%s does not take the connection up again: %s", p.url, answer.Error)
	}
	if _, err := p.welcome(answer.Result); err != nil {
		return err
	}
	p.greets++
	var ready mcp.JSONRPCNotification
	ready.JSONRPC, ready.Method = mcp.JSONRPC_VERSION, "notifications/initialized"
	return p.wire.SendNotification(ctx, ready)
}
