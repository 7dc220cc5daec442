package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/extension"
)

// receiptsTool is the tool by which a server gives signed receipts.
const receiptsTool = "chit_receipts"

// FetchReceipts gets the receipts from the server that the book lacks: of answers that
// were lost, and of calls that others made on credit tokens. It returns how many came. What
// they say that lost calls were charged is spent from then on, and not on its way.
// The client needs a book. Errors wrap [ErrDishonest] where the server gives others than
// were asked for, some that it has not signed or that do not follow one another, or
// receipts for more than was ever signed; or [ErrLimit] where there are more to get.
func (c *Client) FetchReceipts(ctx context.Context) (came int, err error) {
	return c.payer.FetchReceipts(ctx, c.receiptPage)
}

// receiptPage asks for the next receipts of a channel.
func (c *Client) receiptPage(ctx context.Context, id vouchers.ChannelID, after uint64, order extension.PayerOrder) ([]*receipts.Signed, error) {
	result, err := c.mcp.CallTool(ctx, request(receiptsTool, map[string]any{
		"channel": id, "after": after, "deadline": order.Deadline, "signature": order.Signature.Hex(),
	}))
	if err != nil {
		return nil, err
	}
	if result.IsError {
		return nil, fmt.Errorf("the server answers: %s", textOf(result))
	}
	var page struct {
		Receipts []json.RawMessage `json:"receipts"`
	}
	if err := json.Unmarshal(result.RawStructuredContent, &page); err != nil {
		return nil, errors.Join(policy.ErrTerms, err)
	}
	all := make([]*receipts.Signed, len(page.Receipts))
	for i, raw := range page.Receipts {
		if all[i], err = receipts.Parse(raw); err != nil {
			return nil, errors.Join(policy.ErrTerms, err)
		}
	}
	return all, nil
}

// textOf is the text of a result.
func textOf(result *mcp.CallToolResult) string {
	if len(result.Content) > 0 {
		if text, ok := result.Content[0].(mcp.TextContent); ok {
			return text.Text
		}
	}
	return "nothing"
}
