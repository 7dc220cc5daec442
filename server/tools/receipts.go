package tools

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

func (t *Tools) addReceipts(tools *mcpserver.MCPServer) {
	tools.AddTool(mcp.NewTool(onmcp.ReceiptsTool,
		mcp.WithDescription("For payment clients: the signed receipts of a channel, by an order of its payer."),
		mcp.WithString("channel", mcp.Required()), mcp.WithNumber("after", mcp.Description("the number of the last receipt that is known")),
		mcp.WithNumber("deadline"), mcp.WithString("signature", mcp.Description("of the order, by the channel's voucher key")),
	), t.receipts)
}

// ReceiptsArguments are those of [onmcp.ReceiptsTool].
type ReceiptsArguments struct {
	// Channel is the payer's own.
	Channel vouchers.ChannelID `json:"channel"`
	// After is the number of the last receipt that is known; 0 is none.
	After uint64 `json:"after,omitempty"`
	// Deadline and Signature are those of the [order.Order] with the action "receipts"
	// and no subject.
	Deadline  uint64             `json:"deadline"`
	Signature vouchers.Signature `json:"signature"`
}

// ReceiptPage is what [onmcp.ReceiptsTool] answers with: up to [receipts.MaxPage] receipts, and
// none after the last one; and what the seller knows was claimed on chain.
type ReceiptPage struct {
	// Receipts are in the order of their numbers, each as [receipts.Signed.Wire] writes it, and
	// Claimed is what they are held against on chain.
	Receipts []string         `json:"receipts"`
	Claimed  receipts.Claimed `json:"claimed"`
}

func (t *Tools) receipts(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var a ReceiptsArguments
	if err := decodeArguments(req, &a); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	channel, known := t.Ledger.Channel(a.Channel)
	if !known {
		return mcp.NewToolResultError(fmt.Sprintf("%v: %s", ledger.ErrChannelNotFound, a.Channel)), nil
	}
	order := order.Order{Action: "receipts", Channel: a.Channel, Deadline: a.Deadline}
	if err := order.Check(a.Signature, channel.Config.VoucherSigner(), time.Now()); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	page, err := t.Receipts.Page(ctx, a.Channel, a.After)
	if err != nil {
		return nil, err
	}
	words := make([]string, len(page))
	for i := range page {
		if words[i], err = page[i].Wire(); err != nil {
			return nil, err
		}
	}
	answer := ReceiptPage{words, receipts.Claimed{Channel: a.Channel, Claimed: channel.Claimed, Block: channel.Block}}
	return mcp.NewToolResultStructured(answer, fmt.Sprintf("%d receipts of channel %s", len(page), a.Channel)), nil
}
