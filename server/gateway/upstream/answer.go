package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/gateway/asking"
	"github.com/chitpay/chit/server/gateway/link"
)

type callKey struct{}

// answer asks the client whose call made the upstream ask. A client that cannot be
// asked is not waited for.
func (s *Server) answer(ctx context.Context, l *link.Link, request transport.JSONRPCRequest) *transport.JSONRPCResponse {
	refuse := func(code int, format string, values ...any) *transport.JSONRPCResponse {
		text := fmt.Sprintf(format, values...)
		s.logger.Info("the upstream asked and was refused", "method", request.Method, "why", text)
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
	waiting, able := s.whom(ctx, l)
	if !able.Allow(request.Method, request.Params) {
		return refuse(mcp.METHOD_NOT_FOUND, "%s is nothing that the client of this call can be asked for", request.Method)
	}
	if waiting.on == nil {
		return refuse(mcp.INTERNAL_ERROR, "the client waits for nothing at the moment, so it cannot be asked")
	}
	ctx, cancel := context.WithTimeout(waiting.ctx, asking.Patience)
	defer cancel()
	defer context.AfterFunc(l.Context(), cancel)()
	defer l.Asking(request.ID, cancel)()
	if waiting.call != nil {
		defer waiting.call.clock.Pause()()
	}
	answer, err := s.around.Questions.Ask(ctx, waiting.on, request.Method, params, waiting.told)
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
	fields["_meta"] = foreign.Fields(meta)
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
func (s *Server) whom(ctx context.Context, l *link.Link) (waiting, asking.Abilities) {
	c, _ := ctx.Value(callKey{}).(*call)
	if c == nil && l.Owner.Session != "" {
		c = s.calls.latest(l)
	}
	if c != nil {
		_, able := asking.Client(c.ctx)
		return waiting{c.ctx, asking.Of(c.ctx), c}, able
	}
	if l.Owner.Session == "" {
		return waiting{}, ""
	}
	return waiting{l.Context(), s.around.Questions.Stream(l.Owner.Session), nil}, l.Owner.Able
}
