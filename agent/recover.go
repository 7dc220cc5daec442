package agent

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/x402"
)

// stateTool is the tool by which a server tells where a channel stands.
const stateTool = "chit_state"

// tell asks for the state of a channel by the tool of chit servers. Others have none.
func (c *Client) tell(ctx context.Context, order x402.StateOrder) (*x402.SettlementResponse, error) {
	ctx, _ = dial.Watched(ctx)
	result, err := c.mcp.CallTool(ctx, request(stateTool, map[string]any{
		"channel": order.Channel, "deadline": order.Deadline, "signature": order.Signature.Hex(),
	}))
	if err != nil {
		return nil, err
	}
	return (*words.Payment)(nil).ReceiptOf(metaOf(result)), nil
}

// Recover writes the channel to the server into the book anew: from the chain, where all
// configured endpoints must say the same, and from the server's corrective answer, which
// must prove itself by a voucher of the payer's own. What that adds to the book counts as
// spent. Where it is beyond what the book knows to be signed, [Options.Agree] is asked;
// without one it is taken over if it is proven. It costs nothing, and no calls may be in
// flight. Errors wrap [ErrNoChannel] if the chain knows of no such channel, and
// [ErrOldBook] if nobody agrees.
func (c *Client) Recover(ctx context.Context) (Entry, error) {
	by, err := c.pricedTool(ctx)
	if err != nil {
		return Entry{}, fmt.Errorf("recover: %w", err)
	}
	return c.payer.Recover(ctx, by)
}

// pricedTool is a tool that the server announces a price of, with what it announces. A
// payment that buys nothing, sent to it, is answered without running it.
func (c *Client) pricedTool(ctx context.Context) (*pay.Want, error) {
	tools, err := c.Tools(ctx)
	if err != nil {
		return nil, err
	}
	for _, tool := range tools {
		if tool.Price > 0 || c.payer.Known(tool.Name) != nil {
			var result *mcp.CallToolResult
			w := c.want(tool.Name, nil, &result)
			w.Listed = announcedTerms(tool.Tool)
			return w, nil
		}
	}
	return nil, fmt.Errorf("%w: %s announces no tool that costs anything", policy.ErrTerms, c.payer.Server)
}
