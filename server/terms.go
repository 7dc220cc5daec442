package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// maxTimeout is how long, in seconds, a payment's terms stay good.
const maxTimeout = 3600

// requirements are the terms of a call at a price, as a till has them: an entry for
// each way in which it takes deposits.
func (s *Shop) requirements(t *till.Till, price vouchers.Amount) []x402.Requirements {
	terms := x402.Requirements{
		Scheme:            x402.SchemeBatchSettlement,
		Network:           t.Network,
		Amount:            price,
		Asset:             t.Token.Address,
		PayTo:             s.payTo,
		MaxTimeoutSeconds: maxTimeout,
		Extra: x402.Extra{
			ReceiverAuthorizer: t.Sender.Address(),
			WithdrawDelay:      s.withdrawDelay,
			Name:               t.Token.Name,
			Version:            t.Token.Version,
			MinDeposit:         t.AnnouncedDeposit(price),
		},
	}
	if address := t.Deployment.Escrow; address != escrow.Canonical.Escrow {
		terms.Extra.Escrow = &address
		terms.Extra.Collectors = &x402.Collectors{EIP3009: t.Collectors.EIP3009}
		if t.Permit2 {
			terms.Extra.Collectors.Permit2 = t.Collectors.Permit2
		}
	}
	var ways []x402.Requirements
	if t.Token.EIP3009 {
		ways = append(ways, terms)
	}
	if t.Permit2 {
		terms.Extra.AssetTransferMethod = x402.TransferPermit2
		ways = append(ways, terms)
	}
	return ways
}

// hooks announce each tool's price in the list of tools, and leave the tools for
// credit tokens, receipts and states out of it: a model has no use for them.
func (s *Shop) hooks() *mcpserver.Hooks {
	hooks := &mcpserver.Hooks{}
	hooks.AddAfterListTools(func(_ context.Context, _ any, _ *mcp.ListToolsRequest, result *mcp.ListToolsResult) {
		tools := make([]mcp.Tool, 0, len(result.Tools))
		for _, tool := range result.Tools {
			if tool.Name != CreditGrantTool && tool.Name != CreditTool && tool.Name != ReceiptsTool && tool.Name != StateTool {
				tools = append(tools, s.priced(tool))
			}
		}
		result.Tools = tools
	})
	return hooks
}

// MetaPrice is the key in a tool's _meta under which its terms are announced: an
// x402 PaymentRequired, whose amount is the most that a call costs.
const MetaPrice = "x402/payment-required"

func (s *Shop) priced(tool mcp.Tool) mcp.Tool {
	if isOwn(tool.Name) {
		return tool
	}
	tool.Meta = ForeignMeta(tool.Meta)
	rate := s.rates.Of(tool.Name)
	if rate == nil || rate.Price == 0 {
		return tool
	}
	fields := map[string]any{MetaPrice: s.paymentRequired(tool.Name, rate.Price, terms.Unpaid)}
	if note := rate.Note(); note != nil {
		fields[offer.MetaRate] = note
	}
	if tool.Meta != nil {
		for k, v := range tool.Meta.AdditionalFields {
			fields[k] = v
		}
	}
	tool.Meta = &mcp.Meta{AdditionalFields: fields}
	return tool
}

// toolURL names a tool as a resource.
func toolURL(tool string) string { return "mcp://tool/" + tool }

func (s *Shop) paymentRequired(tool string, price vouchers.Amount, r *terms.Refusal) *x402.PaymentRequired {
	return s.required(x402.Resource{URL: toolURL(tool), MimeType: "application/json"}, price, r)
}

// required is the answer to a request for a resource that is not paid as it should be.
func (s *Shop) required(resource x402.Resource, price vouchers.Amount, r *terms.Refusal) *x402.PaymentRequired {
	accepts := make([]x402.Requirements, 0, len(s.tills.Offered))
	for _, t := range s.tills.Offered {
		ways := s.requirements(t, price)
		if r.Channel == nil || r.Channel.Deployment != t.Deployment {
			accepts = append(accepts, ways...)
			continue
		}
		for i := range ways {
			ways[i].Extra.ChannelState, ways[i].Extra.VoucherState = r.States()
		}
		accepts = slices.Insert(accepts, 0, ways...) // stock clients recover from the first
	}
	required := x402.Refuse(resource, accepts, r.Code, r.Detail)
	required.Extensions = s.announceMoves(extension.AnnounceReceipts(required.Extensions))
	return required
}

// refuse answers a call that is not paid as it should be: the terms, the reason,
// and what the client needs to do better.
func (s *Shop) refuse(ctx context.Context, l *sale.Line, r *terms.Refusal) (*mcp.CallToolResult, error) {
	required := s.paymentRequired(l.Name, l.Price, r)
	text, err := json.Marshal(required)
	if err != nil {
		return nil, fmt.Errorf("encode the terms of %s: %w", l.Name, err)
	}
	l.Refused(ctx, r)
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(string(text))},
		StructuredContent: required,
		IsError:           true,
	}, nil
}
