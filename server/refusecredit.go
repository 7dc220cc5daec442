package server

import (
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/terms"
)

// refuseCredit answers a tool call that its token does not pay for.
func (s *Shop) refuseCredit(r *terms.CreditRefusal) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a refusal: %w", err)
	}
	return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(text))}, StructuredContent: r, IsError: true}, nil
}
