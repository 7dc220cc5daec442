package link

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// Request sends what the client library has no call for: methods of one protocol
// alone, and those whose answers it does not keep byte for byte.
func (l *Link) Request(ctx context.Context, method mcp.MCPMethod, params map[string]any) (json.RawMessage, error) {
	var header http.Header
	if l.Modern() {
		params = maps.Clone(params)
		if params == nil {
			params = make(map[string]any)
		}
		params["_meta"] = l.stamped(params["_meta"])
		header = make(http.Header)
		encoded, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		for name, value := range mcp.StandardHeaders(l.Hello.ProtocolVersion, method, encoded) {
			header.Set(name, value)
		}
	}
	id := mcp.NewRequestId(fmt.Sprintf("gateway-%d", l.requests.Add(1))) // the library's own are numbers
	request := transport.JSONRPCRequest{JSONRPC: mcp.JSONRPC_VERSION, ID: id, Method: string(method), Header: header}
	if params != nil {
		request.Params = params
	}
	response, err := l.Client.GetTransport().SendRequest(ctx, request)
	if err != nil {
		return nil, transport.NewError(err)
	}
	if response.Error != nil {
		return nil, response.Error.AsError()
	}
	return response.Result, nil
}

// stamped is a request's _meta with what the newest protocol asks to be in it.
func (l *Link) stamped(meta any) map[string]any {
	fields := make(map[string]any)
	if given, ok := meta.(*mcp.Meta); ok && given != nil {
		maps.Copy(fields, given.AdditionalFields)
		if given.ProgressToken != nil {
			fields["progressToken"] = given.ProgressToken
		}
	}
	fields[mcp.MetaKeyProtocolVersion] = l.Hello.ProtocolVersion
	fields[mcp.MetaKeyClientCapabilities] = struct{}{}
	return fields
}

// IsLost tells an answer that did not come from one that is an error.
func IsLost(err error) bool {
	var lost *transport.Error
	return errors.As(err, &lost)
}

// Reason is an error without the URL, which may hold a token.
func Reason(err error) string {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err.Error()
	}
	return err.Error()
}
