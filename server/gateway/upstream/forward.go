package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/gateway/framing"
	"github.com/chitpay/chit/server/gateway/link"
	"github.com/chitpay/chit/server/gateway/timeout"
	"github.com/chitpay/chit/server/offer"
)

// Tool is the handler of a tool of this upstream, called by the upstream's own name.
// What is wrong on the way is a failed call.
func (s *Server) Tool(name string, asTask bool) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return s.callTool(ctx, name, asTask, &req)
	}
}

func (s *Server) callTool(ctx context.Context, name string, asTask bool, req *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	began := time.Now()
	var forwarded mcp.CallToolRequest
	forwarded.Params.Name, forwarded.Params.Arguments, forwarded.Params.RawArguments = name, req.Params.Arguments, req.Params.RawArguments
	result, err := ask(ctx, s, req.Params.Meta, func(ctx context.Context, l *link.Link, meta *mcp.Meta) (*mcp.CallToolResult, error) {
		forwarded.Params.Meta = meta
		if asTask {
			return l.RunTask(ctx, forwarded)
		}
		return l.Client.CallTool(ctx, forwarded)
	})
	var unavailable *unavailableError
	if err = s.answered(ctx, began, err); errors.As(err, &unavailable) {
		return mcp.NewToolResultError(err.Error()), nil
	}
	return result, err
}

// answered notes for the log how a request that began then has ended, and lets nobody pay for an
// upstream that is not there, whatever failures cost.
func (s *Server) answered(ctx context.Context, began time.Time, err error) error {
	asked := offer.Asked{Name: s.Name, Took: time.Since(began)}
	defer func() { offer.NoteUpstream(ctx, asked) }()
	var unavailable *unavailableError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &unavailable):
		asked.Err = errors.New(link.Reason(err))
		return err
	}
	asked.Err, asked.Lost = errors.New(unavailable.cause), true
	if unavailable.late {
		return err
	}
	server.ReportCost(ctx, 0)
	return fmt.Errorf("%w; you were not charged", unavailable)
}

// Resource is the handler of a resource and of a template of this upstream.
func (s *Server) Resource(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	var forwarded mcp.ReadResourceRequest
	forwarded.Params.URI = req.Params.URI
	began := time.Now()
	result, err := ask(ctx, s, req.Params.Meta, func(ctx context.Context, l *link.Link, meta *mcp.Meta) (*mcp.ReadResourceResult, error) {
		forwarded.Params.Meta = meta
		return l.Client.ReadResource(ctx, forwarded)
	})
	if err = s.answered(ctx, began, err); err != nil {
		return nil, err
	}
	for i, contents := range result.Contents {
		result.Contents[i] = foreign.Resource(contents)
	}
	return result.Contents, nil
}

// Prompt is the handler of a prompt of this upstream, by the upstream's own name.
func (s *Server) Prompt(name string) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		var forwarded mcp.GetPromptRequest
		forwarded.Params.Name, forwarded.Params.Arguments = name, req.Params.Arguments
		began := time.Now()
		result, err := ask(ctx, s, req.Params.Meta, func(ctx context.Context, l *link.Link, meta *mcp.Meta) (*mcp.GetPromptResult, error) {
			forwarded.Params.Meta = meta
			return l.Client.GetPrompt(ctx, forwarded)
		})
		if err = s.answered(ctx, began, err); err != nil {
			return nil, err
		}
		result.Meta = foreign.Meta(result.Meta)
		for i := range result.Messages {
			result.Messages[i].Content = foreign.Content(result.Messages[i].Content)
		}
		return result, nil
	}
}

// Complete asks for values of an argument. An upstream that cannot complete has none.
func (s *Server) Complete(ctx context.Context, params mcp.CompleteParams) (*mcp.Completion, error) {
	if l := s.current(); l != nil && l.Hello.Capabilities.Completions == nil {
		return &mcp.Completion{}, nil
	}
	result, err := ask(ctx, s, nil, func(ctx context.Context, l *link.Link, _ *mcp.Meta) (*mcp.CompleteResult, error) {
		return l.Client.Complete(ctx, mcp.CompleteRequest{Params: params})
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
func ask[T any](ctx context.Context, s *Server, meta *mcp.Meta, send func(context.Context, *link.Link, *mcp.Meta) (*T, error)) (*T, error) {
	l, leave, err := s.linkFor(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	within, clock, stop := timeout.Start(ctx, s.Timeout, s.TotalTimeout)
	defer stop()
	meta, call, done := s.calls.begin(ctx, l, clock, meta)
	defer done()
	if l.Modern() {
		meta.AdditionalFields[mcp.MetaKeyLogLevel] = mcp.LoggingLevelDebug // each client's own level decides what it gets
	}
	answer, err := send(context.WithValue(within, callKey{}, call), l, meta)
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case framing.IsTooLong(err):
		text := fmt.Sprintf("the answer of the upstream %q is longer than %d bytes, which is the most that is sold", s.Name, s.around.Limiter.Limits().Answer)
		return nil, &unavailableError{text: text, cause: framing.ErrTooLong.Error()}
	case within.Err() != nil:
		s.own.Suspect(l)
		return nil, s.late(timeout.Cause(within))
	case link.IsLost(err):
		l.Suspect()
		s.own.Lost(l)
		return nil, &unavailableError{text: fmt.Sprintf("the upstream %q did not answer", s.Name), cause: link.Reason(err)}
	}
	return nil, err
}

// late is the error of a call that the clock has ended.
func (s *Server) late(why error) *unavailableError {
	text := fmt.Sprintf("the upstream %q said nothing within %s", s.Name, s.Timeout)
	if errors.Is(why, timeout.ErrOverdue) {
		text = fmt.Sprintf("the upstream %q had not answered after %s, which is all that a call may take", s.Name, s.TotalTimeout)
	}
	return &unavailableError{text: text, cause: why.Error(), late: true}
}

// ofConnection begins the members of _meta in which the protocol speaks of the connection.
const ofConnection = "io.modelcontextprotocol/"

// passed is what the upstream gets to see of a request's _meta.
func passed(meta *mcp.Meta) *mcp.Meta {
	fields := make(map[string]any)
	if meta != nil {
		maps.Copy(fields, foreign.Fields(meta.AdditionalFields))
	}
	maps.DeleteFunc(fields, func(name string, _ any) bool { return strings.HasPrefix(name, ofConnection) })
	return &mcp.Meta{AdditionalFields: fields}
}
