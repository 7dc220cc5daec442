package link

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
)

// ListTools asks for the tools and keeps their schemas as they are, which the client
// library's own types would not.
func (l *Link) ListTools(ctx context.Context) ([]mcp.Tool, error) {
	return list(ctx, l, mcp.MethodToolsList, "tools", parseTool)
}

// ListResources asks for the resources.
func (l *Link) ListResources(ctx context.Context) ([]mcp.Resource, error) {
	return list(ctx, l, mcp.MethodResourcesList, "resources", parse[mcp.Resource])
}

// ListTemplates asks for the templates of resources.
func (l *Link) ListTemplates(ctx context.Context) ([]mcp.ResourceTemplate, error) {
	return list(ctx, l, mcp.MethodResourcesTemplatesList, "resourceTemplates", parse[mcp.ResourceTemplate])
}

// ListPrompts asks for the prompts.
func (l *Link) ListPrompts(ctx context.Context) ([]mcp.Prompt, error) {
	return list(ctx, l, mcp.MethodPromptsList, "prompts", parse[mcp.Prompt])
}

// list asks for all pages of a list, as far as [server.Limits] go.
func list[T any](ctx context.Context, l *Link, method mcp.MCPMethod, member string, parse func(json.RawMessage) (T, error)) (all []T, err error) {
	var params map[string]any
	var size int64
	for pages := 0; ; pages++ {
		raw, err := l.Request(ctx, method, params)
		if err != nil {
			return nil, err
		}
		var page map[string]json.RawMessage
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, err
		}
		var entries []json.RawMessage
		if err := unmarshal(page[member], &entries); err != nil {
			return nil, err
		}
		size += int64(len(raw))
		if err := l.bounds.check(len(all)+len(entries), pages, size); err != nil {
			return nil, err
		}
		for _, entry := range entries {
			one, err := parse(entry)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		var next string
		if err := unmarshal(page["nextCursor"], &next); err != nil || next == "" {
			return all, err
		}
		params = map[string]any{"cursor": next}
	}
}

// bounds are how long a list may be.
type bounds struct{ Limiter }

func (b bounds) check(entries, pages int, size int64) error {
	limits := b.Limits()
	if entries > limits.Listed || pages > limits.Listed {
		b.MeetLimit("listed")
		return fmt.Errorf("it has more than %d entries; the operator can raise the limit \"listed\"", limits.Listed)
	}
	if size > limits.Answer {
		b.MeetLimit("answer")
		return fmt.Errorf("it is longer than %d bytes; the operator can raise the limit \"answer\"", limits.Answer)
	}
	return nil
}

// unmarshal decodes a member that may not be there.
func unmarshal(raw json.RawMessage, to any) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, to)
}

func parse[T any](raw json.RawMessage) (one T, err error) {
	err = json.Unmarshal(raw, &one)
	return one, err
}

func parseTool(raw json.RawMessage) (mcp.Tool, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return mcp.Tool{}, err
	}
	input, output := members["inputSchema"], members["outputSchema"]
	delete(members, "inputSchema")
	delete(members, "outputSchema")
	rest, err := json.Marshal(members)
	if err != nil {
		return mcp.Tool{}, err
	}
	var tool mcp.Tool
	if err := json.Unmarshal(rest, &tool); err != nil {
		return mcp.Tool{}, err
	}
	if input == nil {
		input = json.RawMessage(`{"type":"object"}`)
	}
	tool.RawInputSchema, tool.RawOutputSchema = input, output
	return tool, nil
}
