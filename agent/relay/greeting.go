package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
)

// greet passes the client's initialize on, and adds the tools of the proxy's own.
func (p *Relay) greet(ctx context.Context, m Message) (Message, error) {
	var version string
	var abilities map[string]json.RawMessage
	params, err := exactly(m.Params)
	if errors.Join(err, member(params, "protocolVersion", &version), member(params, "capabilities", &abilities)) != nil {
		return Message{Error: rpcError(mcp.INVALID_PARAMS, "initialize has no params that can be read")}, nil
	}
	if mcp.IsModernProtocol(version) {
		params["protocolVersion"] = json.RawMessage(`"` + mcp.LATEST_LEGACY_PROTOCOL_VERSION + `"`)
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return Message{}, err
	}
	answer, err := p.forwardOnce(ctx, m.ID, m.Method, json.RawMessage(raw))
	if err != nil {
		return Message{}, dial.NotMCP(p.url, err)
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
func (p *Relay) welcome(result json.RawMessage) (json.RawMessage, error) {
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

func (p *Relay) round() int {
	p.greeting.Lock()
	defer p.greeting.Unlock()
	return p.greets
}

// greetAgain opens a new session with a server that has forgotten the last one, once
// for all requests of that session.
func (p *Relay) greetAgain(ctx context.Context, round int) error {
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
