package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/offer"

	"github.com/chitpay/chit/server/gateway/framing"
	"github.com/chitpay/chit/server/gateway/timeout"
)

// tool is the handler of a tool of this upstream, called by the upstream's own name.
// What is wrong on the way is a failed call.
func (u *upstream) tool(name string, asTask bool) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		began := time.Now()
		var forwarded mcp.CallToolRequest
		forwarded.Params.Name, forwarded.Params.Arguments, forwarded.Params.RawArguments = name, req.Params.Arguments, req.Params.RawArguments
		result, err := ask(ctx, u, req.Params.Meta, func(ctx context.Context, l *link, meta *mcp.Meta) (*mcp.CallToolResult, error) {
			forwarded.Params.Meta = meta
			if asTask {
				return l.runTask(ctx, forwarded)
			}
			return l.client.CallTool(ctx, forwarded)
		})
		asked := offer.Asked{Name: u.Name, Took: time.Since(began)}
		defer func() { offer.NoteUpstream(ctx, asked) }()
		var unavailable *unavailableError
		if !errors.As(err, &unavailable) {
			if err != nil {
				asked.Err = errors.New(reason(err))
			}
			return result, err
		}
		asked.Err, asked.Lost = errors.New(unavailable.cause), true
		if unavailable.late {
			return mcp.NewToolResultError(unavailable.Error()), nil
		}
		server.ReportCost(ctx, 0) // whatever failures cost: the upstream is not there
		return mcp.NewToolResultError(unavailable.Error() + "; you were not charged"), nil
	}
}

// resource is the handler of a resource and of a template of this upstream.
func (u *upstream) resource(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	var forwarded mcp.ReadResourceRequest
	forwarded.Params.URI = req.Params.URI
	result, err := ask(ctx, u, req.Params.Meta, func(ctx context.Context, l *link, meta *mcp.Meta) (*mcp.ReadResourceResult, error) {
		forwarded.Params.Meta = meta
		return l.client.ReadResource(ctx, forwarded)
	})
	if err != nil {
		return nil, err
	}
	for i, contents := range result.Contents {
		result.Contents[i] = server.ForeignResource(contents)
	}
	return result.Contents, nil
}

// prompt is the handler of a prompt of this upstream, by the upstream's own name.
func (u *upstream) prompt(name string) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		var forwarded mcp.GetPromptRequest
		forwarded.Params.Name, forwarded.Params.Arguments = name, req.Params.Arguments
		result, err := ask(ctx, u, req.Params.Meta, func(ctx context.Context, l *link, meta *mcp.Meta) (*mcp.GetPromptResult, error) {
			forwarded.Params.Meta = meta
			return l.client.GetPrompt(ctx, forwarded)
		})
		if err != nil {
			return nil, err
		}
		result.Meta = server.ForeignMeta(result.Meta)
		for i := range result.Messages {
			result.Messages[i].Content = server.ForeignContent(result.Messages[i].Content)
		}
		return result, nil
	}
}

// complete asks for values of an argument. An upstream that cannot complete has none.
func (u *upstream) complete(ctx context.Context, params mcp.CompleteParams) (*mcp.Completion, error) {
	if l := u.current(); l != nil && l.hello.Capabilities.Completions == nil {
		return &mcp.Completion{}, nil
	}
	result, err := ask(ctx, u, nil, func(ctx context.Context, l *link, _ *mcp.Meta) (*mcp.CompleteResult, error) {
		return l.client.Complete(ctx, mcp.CompleteRequest{Params: params})
	})
	if err != nil {
		return nil, err
	}
	return &result.Completion, nil
}

// unavailableError says to a client that an upstream gave no answer. The cause is for
// the log alone.
type unavailableError struct {
	text  string
	cause string
	// late says that the upstream was there, and was too slow. That is a failure like any
	// other: a payer may bring it about.
	late bool
}

func (e *unavailableError) Error() string { return e.text }

// ask sends one request to an upstream, which is cut when its silence is longer than the
// timeout, and passes on the progress that it reports. Errors are an [*unavailableError], the upstream's own answer, or
// that of a client that has gone.
func ask[T any](ctx context.Context, u *upstream, meta *mcp.Meta, send func(context.Context, *link, *mcp.Meta) (*T, error)) (*T, error) {
	l, leave, err := u.linkFor(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	within, clock, stop := timeout.Start(ctx, u.Timeout, u.TotalTimeout)
	defer stop()
	meta, call, done := u.calls.begin(ctx, l, clock, meta)
	defer done()
	if l.modern() {
		meta.AdditionalFields[mcp.MetaKeyLogLevel] = mcp.LoggingLevelDebug // each client's own level decides what it gets
	}
	answer, err := send(context.WithValue(within, callKey{}, call), l, meta)
	var lost *transport.Error
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case framing.IsTooLong(err):
		text := fmt.Sprintf("the answer of the upstream %q is longer than %d bytes, which is the most that is sold", u.Name, u.gateway.limiter.Limits().Answer)
		return nil, &unavailableError{text: text, cause: framing.ErrTooLong.Error()}
	case within.Err() != nil:
		u.own.suspect(l)
		return nil, u.late(timeout.Cause(within))
	case errors.As(err, &lost):
		poke(l.suspect)
		u.own.lost(l)
		return nil, &unavailableError{text: fmt.Sprintf("the upstream %q did not answer", u.Name), cause: reason(err)}
	}
	return nil, err
}

// late is the error of a call that the clock has ended.
func (u *upstream) late(why error) *unavailableError {
	text := fmt.Sprintf("the upstream %q said nothing within %s", u.Name, u.Timeout)
	if errors.Is(why, timeout.ErrOverdue) {
		text = fmt.Sprintf("the upstream %q had not answered after %s, which is all that a call may take", u.Name, u.TotalTimeout)
	}
	return &unavailableError{text: text, cause: why.Error(), late: true}
}

// ofConnection begins the members of _meta in which the protocol speaks of the connection.
const ofConnection = "io.modelcontextprotocol/"

// passed is what the upstream gets to see of a request's _meta.
func passed(meta *mcp.Meta) *mcp.Meta {
	fields := make(map[string]any)
	if meta != nil {
		maps.Copy(fields, server.ForeignFields(meta.AdditionalFields))
	}
	maps.DeleteFunc(fields, func(name string, _ any) bool { return strings.HasPrefix(name, ofConnection) })
	return &mcp.Meta{AdditionalFields: fields}
}
