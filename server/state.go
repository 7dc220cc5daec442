package server

import (
	"context"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
)

// A payer may ask where its channel stands without a payment, by its order alone. It is
// told from memory: no chain is asked, and nothing is logged.

// StateTool tells a payer where its channel stands.
const StateTool = "chit_state"

// HeaderState is the header of a request for the state in the place of what a route sells:
// an [x402.StateOrder], encoded as the headers of x402 are.
const HeaderState = "Chit-State"

func (s *Shop) addStateTool(tools *mcpserver.MCPServer) {
	tools.AddTool(mcp.NewTool(StateTool,
		mcp.WithDescription("For payment clients: where a channel stands, by an order of its payer."),
		mcp.WithString("channel", mcp.Required()), mcp.WithNumber("deadline"),
		mcp.WithString("signature", mcp.Description("of the order, by the channel's voucher key")),
	), s.stateTool)
}

func (s *Shop) stateTool(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var order x402.StateOrder
	if err := decodeArguments(req, &order); err != nil {
		return mcp.NewToolResultError(err.Error()), nil
	}
	state := s.stateFor(order)
	result := mcp.NewToolResultText("the state of channel " + order.Channel.Hex() + " is in _meta")
	if !state.Success {
		result = mcp.NewToolResultError(state.ErrorMessage)
	}
	setMeta(result, x402.MetaPaymentResponse, state)
	return result, nil
}

// tellState answers a request for the state over plain HTTP.
func (s *Shop) tellState(w http.ResponseWriter, asked string) {
	order, err := x402.DecodeHeader[x402.StateOrder](asked)
	if err != nil {
		door.WriteProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	state, status := s.stateFor(*order), http.StatusOK
	if !state.Success {
		status = http.StatusForbidden
	}
	header, err := x402.EncodeHeader(state)
	if err != nil {
		s.logger.Error("encode the state of a channel", "channel", order.Channel, "error", err)
	} else {
		w.Header().Set(x402.HeaderPaymentResponse, header)
	}
	w.Header().Set("Cache-Control", "no-store")
	door.WriteJSON(w, status, state)
}

// stateFor is where a channel stands, for who has signed the order as its payer. Others
// are not even told whether the shop knows the channel.
func (s *Shop) stateFor(asked x402.StateOrder) *x402.SettlementResponse {
	order := credit.Order{Action: "state", Channel: asked.Channel, Deadline: asked.Deadline}
	signer, err := order.Signer(asked.Signature, time.Now())
	if err != nil {
		return &x402.SettlementResponse{ErrorReason: x402.ErrPayload, ErrorMessage: err.Error()}
	}
	channel, known := s.Ledger.Channel(asked.Channel)
	if !known || signer != channel.Config.VoucherSigner() {
		return &x402.SettlementResponse{
			ErrorReason:  x402.ErrChannelNotFound,
			ErrorMessage: ledger.ErrChannelNotFound.Error() + ": " + asked.Channel.Hex() + ", of which " + signer.Hex() + " signs the vouchers",
		}
	}
	state := terms.Response(channel)
	state.Extra.VoucherState = terms.VoucherState(channel)
	return &state
}
