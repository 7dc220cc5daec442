package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
)

// answered hands the client's answer to the one who asked.
func (p *Relay) answered(m Message) {
	p.mu.Lock()
	asked := p.questions[string(m.ID)]
	delete(p.questions, string(m.ID))
	p.mu.Unlock()
	if asked != nil {
		asked <- m
	}
}

// ask sends a request to the client and waits for its answer.
func (p *Relay) ask(ctx context.Context, method string, params json.RawMessage) (Message, error) {
	answer := make(chan Message, 1)
	p.mu.Lock()
	p.lastID++
	id := fmt.Sprintf(`"chit-%d"`, p.lastID)
	p.questions[id] = answer
	p.mu.Unlock()
	p.out.send(Message{ID: json.RawMessage(id), Method: method, Params: params})
	select {
	case m := <-answer:
		return m, nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.questions, id)
		return Message{}, fmt.Errorf("the MCP client does not answer %s: %w", method, context.Cause(ctx))
	}
}

// serverAsks passes a request of the server on, such as sampling or elicitation, if the
// client has said that it answers such ones.
func (p *Relay) serverAsks(ctx context.Context, request transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
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
func (p *Relay) answers(method string) bool {
	ability, _, _ := strings.Cut(method, "/")
	p.mu.Lock()
	defer p.mu.Unlock()
	return method == string(mcp.MethodPing) || !IsNull(p.abilities[ability])
}

// asServer is the params of a request of the server. A question to the user says that
// it is the server's: the user knows both by one name.
func (p *Relay) asServer(request transport.JSONRPCRequest) (json.RawMessage, error) {
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

// AskUser asks the user of the client to agree to a payment, if the client can do that.
func (p *Relay) AskUser(ctx context.Context, call policy.Proposal) (bool, error) {
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
