package onmcp

import (
	"context"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// Instructions tell a model, in two lines, that calls cost money and how they are paid. They
// follow what the seller's MCP server says of itself, where any tool has a price.
const Instructions = `Some tools here cost money, in USDC: the list of tools has each price, and a call without a payment is answered with its terms and costs nothing.
A client of x402 pays by itself, such as "chit proxy URL" in the place of this server; any other sends a credit token in the header "Authorization: Bearer".`

// instruct says it to a client that greets, and discover to one that only looks.
func (p *Paywall) instruct(_ context.Context, _ any, _ *mcp.InitializeRequest, result *mcp.InitializeResult) {
	result.Instructions = p.instructions(result.Instructions)
}

func (p *Paywall) discover(_ context.Context, _ any, _ *mcp.DiscoverRequest, result *mcp.DiscoverResult) {
	result.Instructions = p.instructions(result.Instructions)
}

func (p *Paywall) instructions(own string) string {
	if !p.Tariff.Load().Charges() {
		return own
	}
	return strings.TrimPrefix(own+"\n\n"+Instructions, "\n\n")
}
