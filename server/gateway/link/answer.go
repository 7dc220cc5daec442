package link

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// handle answers the requests of an upstream on a link.
func (d *Dialer) handle(l *Link) transport.RequestHandler {
	return func(ctx context.Context, request transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
		select {
		case <-l.greeted:
		case <-l.ctx.Done():
		}
		if request.Method == string(mcp.MethodPing) {
			return transport.NewJSONRPCResultResponse(request.ID, json.RawMessage(`{}`)), nil
		}
		response := d.Asked(ctx, l, request)
		if l.wire.answer == nil {
			return response, nil
		}
		// The library's own way over HTTP gives up after half a minute, people do not.
		if err := l.wire.answer(l.ctx, l.Hello, response); err != nil {
			d.Logger.Warn("an answer did not reach the upstream that asked", "method", request.Method, "error", Reason(err))
		}
		return nil, nil
	}
}

// Asking notes a request of the upstream, which it may withdraw.
func (l *Link) Asking(id mcp.RequestId, cancel func()) (done func()) {
	l.questions.Store(id.String(), cancel)
	return func() { l.questions.Delete(id.String()) }
}

// Withdraw ends the question that the upstream does not want answered any more.
func (l *Link) Withdraw(fields map[string]any) {
	raw, err := json.Marshal(fields["requestId"])
	var id mcp.RequestId
	if err != nil || json.Unmarshal(raw, &id) != nil {
		return
	}
	if cancel, ok := l.questions.Load(id.String()); ok {
		cancel.(func())()
	}
}

// answerTimeout is how long an upstream may take to accept an answer.
const answerTimeout = 30 * time.Second

// answerOver posts the answer to a request that came over streamable HTTP.
func (d *Dialer) answerOver(client *http.Client, streamable *transport.StreamableHTTP) func(context.Context, *mcp.InitializeResult, *transport.JSONRPCResponse) error {
	return func(ctx context.Context, hello *mcp.InitializeResult, answer *transport.JSONRPCResponse) error {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		body, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		for name, value := range d.Headers {
			req.Header.Set(name, value)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json, text/event-stream")
		if id := streamable.GetSessionId(); id != "" {
			req.Header.Set(transport.HeaderKeySessionID, id)
		}
		if hello != nil { // else it never was connected
			req.Header.Set(mcp.HeaderProtocolVersion, hello.ProtocolVersion)
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }() // read to its end
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
		if resp.StatusCode >= 300 {
			return fmt.Errorf("it answered %s", resp.Status)
		}
		return nil
	}
}
