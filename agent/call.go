package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// metaReceipt is the key under which a result's _meta has a signed receipt.
const metaReceipt = "chit/receipt"

// metaWithheld is the key under which a result says that it is withheld until it is known whether it
// was paid.
const metaWithheld = "chit/withheld"

// CallTool calls a tool, and pays if it costs something. Errors wrap [ErrName], [ErrPolicy],
// [ErrTerms], [ErrNoChannel], [ErrBalance], [ErrDishonest] or [ErrUnknownOutcome],
// are a [*RefusedError], or are the connection's; [Explain] puts them into a form for
// agents. A tool that fails is a result with IsError, as MCP has it.
func (c *Client) CallTool(ctx context.Context, tool string, arguments map[string]any) (*mcp.CallToolResult, Receipt, error) {
	return c.CallToolFor(ctx, policy.Unlimited, tool, arguments)
}

// CallToolFor is [Client.CallTool] for an amount (atomic units) that somebody has named: a
// higher price is refused with [ErrPolicy], whatever the policy allows.
func (c *Client) CallToolFor(ctx context.Context, most vouchers.Amount, tool string, arguments map[string]any) (*mcp.CallToolResult, Receipt, error) {
	var result *mcp.CallToolResult
	var receipt Receipt
	err := naming.Check(tool)
	if err == nil {
		w := c.want(tool, arguments, &result)
		w.Most = most
		receipt, err = c.payer.Buy(ctx, w)
	}
	if err != nil {
		return nil, receipt, fmt.Errorf("call %s: %w", tool, err)
	}
	return result, receipt, nil
}

// want is a call of a tool whose last result is written to last.
func (c *Client) want(tool string, arguments map[string]any, last **mcp.CallToolResult) *pay.Want {
	return &pay.Want{Name: tool, Tell: c.tell, Send: func(ctx context.Context, paid *words.Payment) (*pay.Answer, error) {
		r := request(tool, arguments)
		if paid != nil {
			members, err := paid.Members()
			if err != nil {
				return nil, err
			}
			r.Params.Meta = &mcp.Meta{AdditionalFields: make(map[string]any, len(members))}
			for key, value := range members {
				r.Params.Meta.AdditionalFields[key] = value
			}
		}
		ctx, why := dial.Watched(ctx)
		ctx, refused := dial.Refusals(ctx)
		result, err := c.mcp.CallTool(ctx, r)
		if asked := words.OfError(refused()); err != nil && asked != nil {
			a := &pay.Answer{Failed: true}
			a.Ask(asked)
			return a, nil
		}
		if err != nil {
			return nil, asSilence(naming.Conceal(why(err), c.payer.Target, c.payer.Server))
		}
		*last = result
		return answerOf(tool, result, paid), nil
	}}
}

// asSilence tells a lost answer from an error that the server answered with.
func asSilence(err error) error {
	var lost *transport.Error
	if errors.As(err, &lost) {
		return pay.Unanswered(err)
	}
	return err
}

func request(tool string, arguments map[string]any) mcp.CallToolRequest {
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, arguments
	return r
}

func answerOf(tool string, result *mcp.CallToolResult, paid *words.Payment) *pay.Answer {
	a := &pay.Answer{Receipt: paid.ReceiptOf(metaOf(result)), Paid: paidOf(result), Failed: result.IsError}
	if result.IsError {
		a.Ask(words.OfResult(result.RawStructuredContent, textOf(result), metaOf(result)))
	}
	if signed := signedOf(result); signed != nil && ofTool(tool, signed) {
		a.Signed = signed
	}
	if result.Meta != nil && a.Receipt == nil && a.Paid == nil {
		a.Withheld, _ = result.Meta.AdditionalFields[metaWithheld].(bool)
	}
	return a
}

// ofTool says whether a receipt is for a call of a tool, or for a read.
func ofTool(name string, r *receipts.Signed) bool {
	return r.Resource == receipts.Cut(x402.OnMCP(name))
}

// metaOf is what the _meta of a result has of payments, as it was written.
func metaOf(result *mcp.CallToolResult) map[string]json.RawMessage {
	if result.Meta == nil {
		return nil
	}
	meta := make(map[string]json.RawMessage)
	for _, key := range words.MetaKeys {
		if value, there := result.Meta.AdditionalFields[key]; there {
			meta[key], _ = json.Marshal(value) // it was decoded from JSON
		}
	}
	return meta
}

// paidOf is the receipt of an answer in the short form, nil if it carries none that can be read.
func paidOf(result *mcp.CallToolResult) *short.Paid {
	if result.Meta == nil {
		return nil
	}
	text, _ := result.Meta.AdditionalFields[short.MetaPaid].(string)
	return words.PaidIn(text)
}

// signedOf returns the signed receipt of an answer, nil if it carries none that can be
// read.
func signedOf(result *mcp.CallToolResult) *receipts.Signed {
	if result.Meta == nil || result.Meta.AdditionalFields[metaReceipt] == nil {
		return nil
	}
	raw, err := json.Marshal(result.Meta.AdditionalFields[metaReceipt])
	if err != nil {
		return nil
	}
	signed, err := receipts.Parse(raw)
	if err != nil {
		return nil
	}
	return signed
}
