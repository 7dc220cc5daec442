package onmcp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/x402"
)

// A resource that is read and a prompt that is got are sold as calls are: under a name of their
// kind ([x402.ResourcePrefix], [x402.PromptPrefix]), with their arguments.

// hasPrefix says whether a tool has the name of a resource or a prompt: no such tool is sold.
func hasPrefix(tool string) bool {
	return strings.HasPrefix(tool, x402.ResourcePrefix) || strings.HasPrefix(tool, x402.PromptPrefix)
}

func asCall[V any](name string, arguments map[string]V, meta *mcp.Meta, from mcp.CallToolRequest) mcp.CallToolRequest {
	from.Params.Name, from.Params.Meta = name, meta
	if len(arguments) > 0 {
		passed := make(map[string]any, len(arguments))
		for key, value := range arguments {
			passed[key] = value
		}
		from.Params.Arguments = passed
	}
	return from
}

// resources sells what next reads.
func (p *Paywall) resources(next mcpserver.ResourceHandlerFunc) mcpserver.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		read, meta := readIn(req.Params.Meta)
		call := asCall(x402.ResourcePrefix+req.Params.URI, read.arguments, meta, mcp.CallToolRequest{Header: req.Header})
		g := sellRead(ctx, p, call, goods[[]mcp.ResourceContents]{
			give: func(ctx context.Context, call mcp.CallToolRequest) ([]mcp.ResourceContents, error) {
				req.Header, req.Params.Meta = call.Header, call.Params.Meta
				return next(ctx, req)
			},
			disown: func(contents []mcp.ResourceContents) []mcp.ResourceContents {
				contents = slices.Clone(contents)
				for i := range contents {
					contents[i] = foreign.Resource(contents[i])
				}
				return contents
			},
			unpack: func(raw json.RawMessage) ([]mcp.ResourceContents, error) {
				raw, _ = json.Marshal(map[string]json.RawMessage{"contents": raw}) // is JSON
				result, err := mcp.ParseReadResourceResult(&raw)
				if err != nil {
					return nil, err
				}
				return result.Contents, nil
			},
		})
		read.notes = g.notes
		return g.what, g.err
	}
}

// prompts sells what next gives.
func (p *Paywall) prompts(next mcpserver.PromptHandlerFunc) mcpserver.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		call := asCall(x402.PromptPrefix+req.Params.Name, req.Params.Arguments, req.Params.Meta, mcp.CallToolRequest{Header: req.Header})
		g := sellRead(ctx, p, call, goods[*mcp.GetPromptResult]{
			give: func(ctx context.Context, call mcp.CallToolRequest) (*mcp.GetPromptResult, error) {
				req.Header, req.Params.Meta = call.Header, call.Params.Meta
				return next(ctx, req)
			},
			asks:   func(result *mcp.GetPromptResult) bool { return result.NeedsInput() },
			disown: disownPrompt,
			unpack: func(raw json.RawMessage) (*mcp.GetPromptResult, error) { return mcp.ParseGetPromptResult(&raw) },
		})
		if g.what == nil || len(g.notes) == 0 {
			return g.what, g.err
		}
		noted := *g.what
		noted.Meta = withNotes(noted.Meta, g.notes)
		return &noted, g.err
	}
}

func disownPrompt(result *mcp.GetPromptResult) *mcp.GetPromptResult {
	if result == nil {
		return nil
	}
	own := *result
	own.Meta, own.Messages = foreign.Meta(own.Meta), slices.Clone(own.Messages)
	for i := range own.Messages {
		own.Messages[i].Content = foreign.Content(own.Messages[i].Content)
	}
	return &own
}

func withNotes(meta *mcp.Meta, notes map[string]any) *mcp.Meta {
	fields := maps.Clone(notes)
	with := &mcp.Meta{AdditionalFields: fields}
	if meta != nil {
		with.ProgressToken = meta.ProgressToken
		maps.Copy(fields, meta.AdditionalFields)
		maps.Copy(fields, notes)
	}
	return with
}

// readNote is beside one read of a resource. The server library shows a handler no more of the answer
// than the contents, and has matched the URI by then: what is needed beside goes with the request.
type readNote struct {
	// arguments are those that the client has sent.
	arguments map[string]any
	// notes are the members of _meta that the answer gets.
	notes map[string]any
}

// keyReading is where a request has its reading, in its _meta.
const keyReading = "chit/reading"

// beginReading is called before a resource is read, and noteReading after it.
func (p *Paywall) beginReading(_ context.Context, _ any, req *mcp.ReadResourceRequest) {
	meta := &mcp.Meta{AdditionalFields: map[string]any{}}
	if was := req.Params.Meta; was != nil {
		meta.ProgressToken = was.ProgressToken
		maps.Copy(meta.AdditionalFields, was.AdditionalFields)
	}
	meta.AdditionalFields[keyReading] = &readNote{arguments: req.Params.Arguments}
	req.Params.Meta = meta
}

func (p *Paywall) noteReading(_ context.Context, _ any, req *mcp.ReadResourceRequest, result *mcp.ReadResourceResult) {
	if read, _ := readIn(req.Params.Meta); len(read.notes) > 0 {
		result.Meta = withNotes(result.Meta, read.notes)
	}
}

// readIn is the reading of a request, and the _meta that its client has sent.
func readIn(meta *mcp.Meta) (*readNote, *mcp.Meta) {
	if meta == nil {
		return new(readNote), nil
	}
	read, is := meta.AdditionalFields[keyReading].(*readNote)
	if !is {
		return new(readNote), meta
	}
	fields := maps.Clone(meta.AdditionalFields)
	delete(fields, keyReading)
	if len(fields) == 0 && meta.ProgressToken == nil {
		return read, nil
	}
	return read, &mcp.Meta{ProgressToken: meta.ProgressToken, AdditionalFields: fields}
}
