package dial

import (
	"context"
	"encoding/json"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/client/transport"
)

// refusing is a connection that keeps the data of errors, which the client above it drops.
type refusing struct{ *transport.StreamableHTTP }

type refusalKey struct{}

// Refusals is a context for a request, with what tells the data of the error that it was answered
// with, nil if there are none.
func Refusals(ctx context.Context) (context.Context, func() json.RawMessage) {
	data := new(atomic.Pointer[json.RawMessage])
	return context.WithValue(ctx, refusalKey{}, data), func() json.RawMessage {
		if kept := data.Load(); kept != nil {
			return *kept
		}
		return nil
	}
}

// SendRequest implements [transport.Interface].
func (r refusing) SendRequest(ctx context.Context, request transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	response, err := r.StreamableHTTP.SendRequest(ctx, request)
	data, asked := ctx.Value(refusalKey{}).(*atomic.Pointer[json.RawMessage])
	if err != nil || !asked || response.Error == nil || response.Error.Data == nil {
		return response, err
	}
	if raw, err := json.Marshal(response.Error.Data); err == nil {
		kept := json.RawMessage(raw)
		data.Store(&kept)
	}
	return response, nil
}
