package server

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"
)

// maxTimeout is how long, in seconds, a payment's terms stay good.
const maxTimeout = 3600

// requirements are the terms of a call at a price, as a till has them: an entry for
// each way in which it takes deposits.
func (s *Shop) requirements(t *till, price vouchers.Amount) []x402.Requirements {
	terms := x402.Requirements{
		Scheme:            x402.SchemeBatchSettlement,
		Network:           t.network,
		Amount:            price,
		Asset:             t.token.Address,
		PayTo:             s.payTo,
		MaxTimeoutSeconds: maxTimeout,
		Extra: x402.Extra{
			ReceiverAuthorizer: t.sender.Address(),
			WithdrawDelay:      s.withdrawDelay,
			Name:               t.token.Name,
			Version:            t.token.Version,
			MinDeposit:         s.announcedDeposit(t, price),
		},
	}
	if address := t.deployment.Escrow; address != escrow.Canonical.Escrow {
		terms.Extra.Escrow = &address
		terms.Extra.Collectors = &x402.Collectors{EIP3009: t.collectors.EIP3009}
		if t.permit2 {
			terms.Extra.Collectors.Permit2 = t.collectors.Permit2
		}
	}
	var ways []x402.Requirements
	if t.token.EIP3009 {
		ways = append(ways, terms)
	}
	if t.permit2 {
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
	fields := map[string]any{MetaPrice: s.paymentRequired(tool.Name, rate.Price, unpaid)}
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

func (s *Shop) paymentRequired(tool string, price vouchers.Amount, r *refusal) *x402.PaymentRequired {
	return s.required(x402.Resource{URL: toolURL(tool), MimeType: "application/json"}, price, r)
}

// required is the answer to a request for a resource that is not paid as it should be.
func (s *Shop) required(resource x402.Resource, price vouchers.Amount, r *refusal) *x402.PaymentRequired {
	accepts := make([]x402.Requirements, 0, len(s.offered))
	for _, t := range s.offered {
		ways := s.requirements(t, price)
		if r.channel == nil || r.channel.Deployment != t.deployment {
			accepts = append(accepts, ways...)
			continue
		}
		for i := range ways {
			ways[i].Extra.ChannelState, ways[i].Extra.VoucherState = r.states()
		}
		accepts = slices.Insert(accepts, 0, ways...) // stock clients recover from the first
	}
	required := x402.Refuse(resource, accepts, r.code, r.detail)
	required.Extensions = s.announceMoves(x402.AnnounceReceipts(required.Extensions))
	return required
}

// refuse answers a call that is not paid as it should be: the terms, the reason,
// and what the client needs to do better.
func (s *Shop) refuse(ctx context.Context, l *line, r *refusal) (*mcp.CallToolResult, error) {
	required := s.paymentRequired(l.name, l.price, r)
	text, err := json.Marshal(required)
	if err != nil {
		return nil, fmt.Errorf("encode the terms of %s: %w", l.name, err)
	}
	l.refused(ctx, r)
	return &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(string(text))},
		StructuredContent: required,
		IsError:           true,
	}, nil
}

func channelState(ch vouchers.Channel) *x402.ChannelState {
	charged := ch.Count()
	return &x402.ChannelState{
		ChannelID:               ch.ID,
		Balance:                 ch.Balance,
		TotalClaimed:            ch.Claimed,
		WithdrawRequestedAt:     withdrawRequestedAt(ch),
		RefundNonce:             ch.RefundNonce,
		ChargedCumulativeAmount: &charged,
	}
}

func withdrawRequestedAt(ch vouchers.Channel) uint64 {
	if ch.Withdrawal.FinalizeAfter == 0 {
		return 0
	}
	return ch.Withdrawal.FinalizeAfter - ch.Config.WithdrawDelay
}

func voucherState(ch vouchers.Channel) *x402.VoucherState {
	if len(ch.Signature) == 0 {
		return nil
	}
	ceiling := ch.Ceiling
	return &x402.VoucherState{SignedMaxClaimable: &ceiling, Signature: ch.Signature}
}

// publicState is what of a channel's state is on chain: all that is told to who shows a
// voucher that is there, too. What is charged is left out, unless it is what is burnt.
func publicState(ch vouchers.Channel) *x402.ChannelState {
	state := channelState(ch)
	if ch.Count() != ch.Burnt {
		state.ChargedCumulativeAmount = nil
	}
	return state
}

// isBurnt reports whether a voucher of this ceiling is, or may be, on chain.
func isBurnt(ch vouchers.Channel, ceiling vouchers.Amount) bool {
	return ch.Burnt > 0 && ceiling <= ch.Burnt
}

// states are what a client needs to recover. A stock client whose voucher is burnt is
// told to count from what is burnt, where it counts less than that, or else starts from
// what is claimed.
func (r *refusal) states() (*x402.ChannelState, *x402.VoucherState) {
	if !r.public {
		return channelState(*r.channel), voucherState(*r.channel)
	}
	state, proof := publicState(*r.channel), voucherState(*r.channel)
	if state.ChargedCumulativeAmount == nil || proof == nil || r.channel.Ceiling != r.channel.Burnt {
		state.ChargedCumulativeAmount = nil
		return state, nil
	}
	return state, proof
}

// response is the receipt of a payment from a channel.
func (s *Shop) response(ch vouchers.Channel) x402.SettlementResponse {
	return x402.SettlementResponse{
		Success: true,
		Network: ch.Deployment.Network(),
		Payer:   ch.Config.Payer,
		Extra:   x402.SettlementExtra{ChannelState: channelState(ch)},
	}
}
