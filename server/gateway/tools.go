package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
)

// listTools asks for the tools and keeps their schemas as they are, which the client
// library's own types would not.
func (l *link) listTools(ctx context.Context) ([]mcp.Tool, error) {
	var tools []mcp.Tool
	var params map[string]any
	for range maxPages {
		raw, err := l.request(ctx, mcp.MethodToolsList, params)
		if err != nil {
			return nil, err
		}
		var page struct {
			Tools      []json.RawMessage
			NextCursor string
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return nil, err
		}
		for _, entry := range page.Tools {
			tool, err := parseTool(entry)
			if err != nil {
				return nil, err
			}
			tools = append(tools, tool)
		}
		if page.NextCursor == "" {
			return tools, nil
		}
		params = map[string]any{"cursor": page.NextCursor}
	}
	return nil, fmt.Errorf("more than %d pages", maxPages)
}

const maxPages = 1000

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
