package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// Message is any JSON-RPC message, with what is not looked at as it came.
type Message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
}

// MarshalJSON adds the version.
func (m Message) MarshalJSON() ([]byte, error) {
	type plain Message
	return json.Marshal(struct {
		JSONRPC string `json:"jsonrpc"`
		plain
	}{mcp.JSONRPC_VERSION, plain(m)})
}

// readMessage reads one message of the client. What is judged of it is what is sent: a
// message that two readers could read in two ways is refused.
func readMessage(line []byte) (m Message, err error) {
	fields, err := exactlyAll(line)
	if err != nil {
		return m, err
	}
	m = Message{ID: fields["id"], Params: fields["params"], Result: fields["result"], Error: fields["error"]}
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
func (p *Relay) notified(n mcp.JSONRPCNotification) {
	n.JSONRPC = mcp.JSONRPC_VERSION
	p.out.send(n)
}

// clientNotifies passes a notification of the client on. A request that is cancelled
// is known to the server by another id.
func (p *Relay) clientNotifies(ctx context.Context, m Message, line []byte) {
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
