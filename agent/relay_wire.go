package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
)

// message is any JSON-RPC message, with what is not looked at as it came.
type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// MarshalJSON adds the version.
func (m message) MarshalJSON() ([]byte, error) {
	type plain message
	return json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		plain
	}{mcp.JSONRPC_VERSION, plain(m)})
}

// readMessage reads one message of the client. What is judged of it is what is sent: a
// message that two readers could read in two ways is refused.
func readMessage(line []byte) (m message, err error) {
	fields, err := exactlyAll(line)
	if err != nil {
		return m, err
	}
	m = message{ID: fields["id"], Params: fields["params"], Result: fields["result"], Error: fields["error"]}
	return m, member(fields, "method", &m.Method)
}

func rpcError(code int, text string) json.RawMessage {
	raw, _ := json.Marshal(mcp.JSONRPCErrorDetails{Code: code, Message: text}) // two plain fields
	return raw
}

func trim(line []byte) []byte { return bytes.TrimSpace(line) }

// output writes messages to the client, one a line.
type output struct {
	mu sync.Mutex // guards w
	w  io.Writer
}

// send writes a message, in UTF-8 whatever bytes the server has sent. A client that has
// gone is found out by the end of its input.
func (o *output) send(m any) {
	raw, err := json.Marshal(m)
	if err != nil {
		return // every message is made of JSON that was read, or of strings
	}
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.w.Write(append(raw, '\n'))
}

// notified passes a notification of the server on.
func (p *relay) notified(n mcp.JSONRPCNotification) {
	n.JSONRPC = mcp.JSONRPC_VERSION
	p.out.send(n)
}

// clientNotifies passes a notification of the client on. A request that is cancelled
// is known to the server by another id.
func (p *relay) clientNotifies(ctx context.Context, m message, line []byte) {
	var n mcp.JSONRPCNotification
	if err := json.Unmarshal(line, &n); err != nil {
		p.logger.Warn("a notification cannot be read", "method", m.Method, "error", err)
		return
	}
	if m.Method == "notifications/cancelled" {
		var cancelled struct{ RequestID json.RawMessage }
		if json.Unmarshal(m.Params, &cancelled) != nil {
			return
		}
		p.mu.Lock()
		call := p.calls[string(cancelled.RequestID)]
		var upstream any
		if call != nil {
			upstream = call.upstream
		}
		p.mu.Unlock()
		if call == nil || upstream == nil {
			return
		}
		defer call.cancel()
		n.Params.AdditionalFields["requestId"] = upstream
	}
	if err := p.wire.SendNotification(ctx, n); err != nil {
		p.logger.Warn("a notification was not delivered", "method", m.Method, "error", err)
	}
}

// answered hands the client's answer to the one who asked.
func (p *relay) answered(m message) {
	p.mu.Lock()
	asked := p.questions[string(m.ID)]
	delete(p.questions, string(m.ID))
	p.mu.Unlock()
	if asked != nil {
		asked <- m
	}
}

// ask sends a request to the client and waits for its answer.
func (p *relay) ask(ctx context.Context, method string, params json.RawMessage) (message, error) {
	answer := make(chan message, 1)
	p.mu.Lock()
	p.lastID++
	id := fmt.Sprintf(`"chit-%d"`, p.lastID)
	p.questions[id] = answer
	p.mu.Unlock()
	p.out.send(message{ID: json.RawMessage(id), Method: method, Params: params})
	select {
	case m := <-answer:
		return m, nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.questions, id)
		return message{}, fmt.Errorf("the MCP client does not answer %s: %w", method, context.Cause(ctx))
	}
}

// serverAsks passes a request of the server on, such as sampling or elicitation, if the
// client has said that it answers such ones.
func (p *relay) serverAsks(ctx context.Context, request transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	response := &transport.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: request.ID}
	if !p.asked.Enter() {
		response.Error = &mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR, Message: "too many requests are under way"}
		return response, nil
	}
	context.AfterFunc(ctx, p.asked.Leave) // when the answer is sent
	if !p.answers(request.Method) {
		response.Error = &mcp.JSONRPCErrorDetails{Code: mcp.METHOD_NOT_FOUND, Message: "the client answers no " + strconv.Quote(naming.Short(request.Method))}
		return response, nil
	}
	params, err := p.asServer(request)
	if err != nil {
		return nil, err
	}
	answer, err := p.ask(ctx, request.Method, params)
	if err != nil {
		return nil, err
	}
	response.Result = answer.Result
	if answer.Error != nil {
		response.Error = new(mcp.JSONRPCErrorDetails)
		if err := json.Unmarshal(answer.Error, response.Error); err != nil {
			return nil, err
		}
	}
	return response, nil
}

// answers says whether the client answers requests of a method: a ping always, others
// by the capabilities that it named.
func (p *relay) answers(method string) bool {
	ability, _, _ := strings.Cut(method, "/")
	p.mu.Lock()
	defer p.mu.Unlock()
	return method == string(mcp.MethodPing) || !isNull(p.abilities[ability])
}

// asServer is the params of a request of the server. A question to the user says that
// it is the server's: the user knows both by one name.
func (p *relay) asServer(request transport.JSONRPCRequest) (json.RawMessage, error) {
	if request.Params == nil {
		return nil, nil
	}
	params, err := json.Marshal(request.Params)
	if err != nil || request.Method != string(mcp.MethodElicitationCreate) {
		return params, err
	}
	fields, err := exactly(params)
	var question string
	if err = errors.Join(err, member(fields, "message", &question)); err != nil {
		return nil, fmt.Errorf("the server's question cannot be read: %w", err)
	}
	if fields["message"], err = json.Marshal(fmt.Sprintf("The server %s asks (this is not from chit, and approves no payment): %s", p.url, question)); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// askUser asks the user of the client to agree to a payment, if the client can do that.
func (p *relay) askUser(ctx context.Context, call policy.Proposal) (bool, error) {
	if !p.answers(string(mcp.MethodElicitationCreate)) {
		return false, nil
	}
	params, err := json.Marshal(map[string]any{
		"message": call.Question(),
		"requestedSchema": map[string]any{
			"type":       "object",
			"properties": map[string]any{"pay": map[string]any{"type": "boolean", "title": "Pay " + call.Price.String()}},
			"required":   []string{"pay"},
		},
	})
	if err != nil {
		return false, err
	}
	answer, err := p.ask(ctx, string(mcp.MethodElicitationCreate), params)
	if err != nil {
		return false, err
	}
	var said struct {
		Action  string
		Content struct{ Pay bool }
	}
	if answer.Error != nil || json.Unmarshal(answer.Result, &said) != nil {
		return false, nil
	}
	return said.Action == "accept" && said.Content.Pay, nil
}
