package x402

import "strings"

// What an MCP server sells has a name by which prices, policies and credit tokens go: a tool its
// own, a resource its URI after [ResourcePrefix], and a prompt its own after [PromptPrefix].
const (
	ResourcePrefix = "resource:"
	PromptPrefix   = "prompt:"
)

// OnMCP is the URL of what an MCP server sells under a name: "mcp://tool/" and the tool's name,
// "mcp://resource/" and the resource's URI, or "mcp://prompt/" and the prompt's name.
func OnMCP(name string) string {
	if uri, is := strings.CutPrefix(name, ResourcePrefix); is {
		return "mcp://resource/" + uri
	}
	if prompt, is := strings.CutPrefix(name, PromptPrefix); is {
		return "mcp://prompt/" + prompt
	}
	return "mcp://tool/" + name
}
