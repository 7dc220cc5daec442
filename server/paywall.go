package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Middleware sells what next does: a [mcpserver.ToolHandlerMiddleware]. Free tools
// pass. It sees plain tool calls; mcp-go runs task-augmented calls without
// middleware, so a tool with task support must not be sold.
func (s *Shop) Middleware(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		name := req.Params.Name
		if isOwn(name) {
			return next(ctx, req)
		}
		price := s.prices.of(name)
		if price == 0 {
			return next(ctx, req)
		}
		sale := sale{shop: s, req: req, price: price}
		if token, found := creditToken(&req); found {
			return sale.runOnCredit(ctx, token, next)
		}
		return sale.run(ctx, next)
	}
}

// sale is one paid call.
type sale struct {
	shop  *Shop
	req   mcp.CallToolRequest
	price vouchers.Amount
	// channel is the one that pays.
	channel vouchers.ChannelID
	// deposited is what a deposit payload brought in before the call.
	deposited *depositReceipt
}

func (s *sale) run(ctx context.Context, next mcpserver.ToolHandlerFunc) (*mcp.CallToolResult, error) {
	began := time.Now()
	reservation, refused := s.reserve(ctx)
	if refused != nil {
		return s.shop.refuse(s.req.Params.Name, s.price, refused)
	}
	s.shop.observe(s.req.Params.Name, time.Since(began))
	defer reservation.Release()
	if answer, ok := reservation.Answer(); ok {
		return decodeResult(answer)
	}
	result, err := next(ctx, s.req)
	if err != nil {
		return nil, err
	}
	if result == nil || result.IsError || result.NeedsInput() || ctx.Err() != nil {
		reservation.Release()
		return s.uncharged(result)
	}
	return s.charge(ctx, reservation, result)
}

// reserve checks the payment, takes a deposit that comes with it, and sets the
// price aside in the channel.
func (s *sale) reserve(ctx context.Context) (*vouchers.Reservation, *refusal) {
	p, refused := s.shop.payment(s.req, s.price)
	if refused != nil {
		return nil, refused
	}
	s.channel = p.voucher.Channel
	if d, ok := p.body.(*x402.DepositPayload); ok {
		if s.deposited, refused = s.shop.takeDeposit(ctx, p, d); refused != nil {
			return nil, refused
		}
	}
	if _, ok := p.body.(*x402.RefundPayload); ok {
		return nil, refuseWith(x402.ErrPayloadType, "refunds go to the tool %s", RefundTool)
	}
	return s.shop.reserve(ctx, p, s.price, fingerprint(s.req))
}

// reserve sets the price aside in the channel of a payment. Where the ledger does
// not know of enough money, the chain is asked first.
func (s *Shop) reserve(ctx context.Context, p *payment, price vouchers.Amount, request [32]byte) (*vouchers.Reservation, *refusal) {
	payment := vouchers.Payment{
		Deployment:  s.escrow.Deployment(),
		Config:      p.config,
		Voucher:     p.voucher,
		Signature:   p.signature,
		Price:       price,
		Identifier:  p.identifier,
		Fingerprint: request,
	}
	reservation, err := s.Ledger.Reserve(ctx, payment)
	if !errors.Is(err, vouchers.ErrChannelNotFound) && !errors.Is(err, vouchers.ErrCeilingAboveBalance) && !errors.Is(err, vouchers.ErrInsufficientBalance) {
		return reservation, asRefusal(err)
	}
	if refused := s.refresh(ctx, p.config, err); refused != nil {
		return nil, refused
	}
	reservation, err = s.Ledger.Reserve(ctx, payment)
	return reservation, asRefusal(err)
}

// charge makes the charge durable, then lets the result out with its receipt.
func (s *sale) charge(ctx context.Context, reservation *vouchers.Reservation, result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	var encodeErr error
	_, err := reservation.Commit(ctx, s.price, func(c vouchers.Charge) []byte {
		s.attach(result, c.Charged, c.State)
		var body []byte
		body, encodeErr = json.Marshal(result)
		return body
	})
	if err = errors.Join(err, encodeErr); err != nil {
		s.shop.logger.Error("charge not durable, answer withheld", "tool", s.req.Params.Name, "error", err)
		return mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; send the same payment again later: it is charged once at most"), nil
	}
	return result, nil
}

// uncharged lets a failed result out, with the word that it cost nothing.
func (s *sale) uncharged(result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	if result == nil {
		return nil, fmt.Errorf("tool %s gave no result", s.req.Params.Name)
	}
	if channel, ok := s.shop.Ledger.Channel(s.channel); ok {
		s.attach(result, 0, channel)
	}
	return result, nil
}

func (s *sale) attach(result *mcp.CallToolResult, charged vouchers.Amount, state vouchers.Channel) {
	response := s.shop.response(state)
	response.Extra.ChargedAmount = &charged
	if s.deposited != nil {
		s.deposited.into(&response)
	}
	setMeta(result, x402.MetaPaymentResponse, response)
}

func setMeta(result *mcp.CallToolResult, key string, value any) {
	if result.Meta == nil {
		result.Meta = &mcp.Meta{}
	}
	fields := make(map[string]any, len(result.Meta.AdditionalFields)+1)
	for k, v := range result.Meta.AdditionalFields {
		fields[k] = v
	}
	fields[key] = value
	result.Meta = &mcp.Meta{ProgressToken: result.Meta.ProgressToken, AdditionalFields: fields}
}

func decodeResult(answer []byte) (*mcp.CallToolResult, error) {
	raw := json.RawMessage(answer)
	result, err := mcp.ParseCallToolResult(&raw)
	if err != nil {
		return nil, fmt.Errorf("read the kept answer: %w", err)
	}
	return result, nil
}

// fingerprint tells one request from another under the same voucher.
func fingerprint(req mcp.CallToolRequest) [32]byte {
	arguments := []byte(req.Params.RawArguments)
	if len(arguments) == 0 {
		arguments, _ = json.Marshal(req.Params.Arguments) // came from JSON, or is hashed as empty
	}
	h := sha256.New()
	h.Write([]byte(req.Params.Name))
	h.Write([]byte{0})
	h.Write(arguments)
	return [32]byte(h.Sum(nil))
}
