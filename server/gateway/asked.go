package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/gateway/asking"
)

type callKey struct{}

// handle answers the requests of an upstream on a link.
func (u *upstream) handle(l *link) transport.RequestHandler {
	return func(ctx context.Context, request transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
		select {
		case <-l.greeted:
		case <-l.ctx.Done():
		}
		if request.Method == string(mcp.MethodPing) {
			return transport.NewJSONRPCResultResponse(request.ID, json.RawMessage(`{}`)), nil
		}
		response := u.answer(ctx, l, request)
		if l.wire.answer == nil {
			return response, nil
		}
		// The library's own way over HTTP gives up after half a minute, people do not.
		if err := l.wire.answer(l.ctx, l.hello, response); err != nil {
			u.logger.Warn("an answer did not reach the upstream that asked", "method", request.Method, "error", reason(err))
		}
		return nil, nil
	}
}

// answer asks the client whose call made the upstream ask. A client that cannot be
// asked is not waited for.
func (u *upstream) answer(ctx context.Context, l *link, request transport.JSONRPCRequest) *transport.JSONRPCResponse {
	refuse := func(code int, format string, values ...any) *transport.JSONRPCResponse {
		text := fmt.Sprintf(format, values...)
		u.logger.Info("the upstream asked and was refused", "method", request.Method, "why", text)
		return transport.NewJSONRPCErrorResponse(request.ID, code, text, nil)
	}
	if fields, ok := request.Params.(map[string]any); ok {
		request.Params = withForeignMeta(fields)
	}
	params, err := json.Marshal(request.Params)
	if err != nil {
		return refuse(mcp.INVALID_PARAMS, "the parameters cannot be read: %v", err)
	}
	if request.Params == nil {
		params = nil
	}
	waiting, able := u.whom(ctx, l)
	if !able.Allow(request.Method, request.Params) {
		return refuse(mcp.METHOD_NOT_FOUND, "%s is nothing that the client of this call can be asked for", request.Method)
	}
	if waiting.on == nil {
		return refuse(mcp.INTERNAL_ERROR, "the client waits for nothing at the moment, so it cannot be asked")
	}
	ctx, cancel := context.WithTimeout(waiting.ctx, asking.Patience)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	defer l.asking(request.ID, cancel)()
	if waiting.call != nil {
		defer waiting.call.clock.Pause()()
	}
	answer, err := u.gateway.questions.Ask(ctx, waiting.on, request.Method, params, waiting.told)
	switch {
	case err != nil:
		return refuse(mcp.REQUEST_INTERRUPTED, "the client gave no answer: %v", err)
	case answer.Error != nil:
		return &transport.JSONRPCResponse{JSONRPC: mcp.JSONRPC_VERSION, ID: request.ID, Error: answer.Error}
	}
	return transport.NewJSONRPCResultResponse(request.ID, answer.Result)
}

// withForeignMeta are the parameters of a message whose _meta is what may pass.
func withForeignMeta(fields map[string]any) map[string]any {
	meta, there := fields["_meta"].(map[string]any)
	if !there {
		return fields
	}
	fields = maps.Clone(fields)
	fields["_meta"] = server.ForeignFields(meta)
	return fields
}

// waiting is where a client can be asked.
type waiting struct {
	ctx  context.Context
	on   *asking.Conversation // nil: nowhere
	call *call                // nil: on the stream on which it waits for news
}

func (w waiting) told() {
	if w.call != nil {
		w.call.told.Add(1)
	}
}

// whom finds out whom to ask: the client whose call's own stream the request came on,
// else the one that the link belongs to, on a call of its or where it waits for news.
func (u *upstream) whom(ctx context.Context, l *link) (waiting, asking.Abilities) {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil && l.owner.session != "" {
		c = u.calls.latest(l)
	}
	if c != nil {
		_, able := asking.Client(c.ctx)
		return waiting{c.ctx, asking.Of(c.ctx), c}, able
	}
	if l.owner.session == "" {
		return waiting{}, ""
	}
	return waiting{l.ctx, u.gateway.questions.Stream(l.owner.session), nil}, l.owner.able
}

// asking notes a request of the upstream, which it may withdraw.
func (l *link) asking(id mcp.RequestId, cancel func()) (done func()) {
	l.questions.Store(id.String(), cancel)
	return func() { l.questions.Delete(id.String()) }
}

// withdraw ends the question that the upstream does not want answered any more.
func (l *link) withdraw(fields map[string]any) {
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
func (u *upstream) answerOver(client *http.Client, streamable *transport.StreamableHTTP) func(context.Context, *mcp.InitializeResult, *transport.JSONRPCResponse) error {
	return func(ctx context.Context, hello *mcp.InitializeResult, answer *transport.JSONRPCResponse) error {
		ctx, cancel := context.WithTimeout(ctx, answerTimeout)
		defer cancel()
		body, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.URL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		for name, value := range u.Headers {
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
