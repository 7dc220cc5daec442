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
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// Middleware sells what next does: a [mcpserver.ToolHandlerMiddleware], which
// [Shop.ServerOptions] have. Free tools pass, and tools without a price are refused. It
// sees plain tool calls: a tool with task support cannot be sold (see [ErrTaskTool]).
func (s *Shop) Middleware(next mcpserver.ToolHandlerFunc) mcpserver.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		req = withLifted(ctx, req)
		name := req.Params.Name
		if isOwn(name) {
			return next(ctx, req)
		}
		if call := strippedOf(ctx); call != nil {
			return s.refuseStripped(ctx, call, req)
		}
		token, onCredit := creditToken(&req)
		req = withoutToken(req)
		rate := s.rates.of(name)
		if rate == nil {
			return mcp.NewToolResultError(fmt.Sprintf("%s is not for sale: it has no price", name)), nil
		}
		if rate.price == 0 {
			return s.give(ctx, next, req)
		}
		line := s.toolLine(req)
		price, err := s.price(ctx, rate, req)
		if err != nil {
			return s.failed(ctx, &line, req, err), nil
		}
		if price == 0 {
			return s.give(ctx, next, req)
		}
		line.price = price
		sale := sale{shop: s, line: line, req: req, rate: rate, price: price}
		defer sale.line.close(ctx)
		var result *mcp.CallToolResult
		if onCredit {
			result, err = sale.runOnCredit(ctx, token, next)
		} else {
			result, err = sale.run(ctx, next)
		}
		fitSchema(ctx, name, result)
		return result, err
	}
}

// give makes a call that costs nothing.
func (s *Shop) give(ctx context.Context, next mcpserver.ToolHandlerFunc, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	line := s.toolLine(req)
	defer line.close(ctx)
	result, err := next(line.running(ctx), req)
	result, err = s.disown(req.Params.Name, result, err)
	line.end(ctx, endingOf(ctx, result, err).code(), 0)
	return result, err
}

// fitSchema leaves a refusal by a tool that has an output schema as text alone: clients
// hold structured content against the schema, even that of an error, and would throw
// the terms away.
func fitSchema(ctx context.Context, name string, result *mcp.CallToolResult) {
	if result == nil {
		return
	}
	switch result.StructuredContent.(type) {
	case *x402.PaymentRequired, *CreditRefusal:
	default:
		return
	}
	tools := mcpserver.ServerFromContext(ctx)
	if tools == nil {
		return
	}
	if tool := tools.GetTool(name); tool != nil && (tool.Tool.RawOutputSchema != nil || tool.Tool.OutputSchema.Type != "") {
		result.StructuredContent = nil
	}
}

// sale is one paid call.
type sale struct {
	shop  *Shop
	line  line
	req   mcp.CallToolRequest
	rate  *toolRate
	price vouchers.Amount
	// channel is the one that pays, config what it is, and ceiling that of the voucher.
	channel vouchers.ChannelID
	config  vouchers.ChannelConfig
	ceiling vouchers.Amount
	// attested says that the payer wants the receipt of the standard's own extension.
	attested bool
	bill     *bill
	// deposited is what a deposit payload brought in before the call.
	deposited *depositReceipt
}

func (s *sale) run(ctx context.Context, next mcpserver.ToolHandlerFunc) (*mcp.CallToolResult, error) {
	until, untie := untied(ctx)
	defer untie()
	reservation, refused := s.reserve(until)
	if refused != nil {
		if payload, _ := s.shop.payloadOf(s.req); payload != nil {
			if answer, ok := s.shop.repeated(ctx, payload, s.price, fingerprint(s.req)); ok {
				return s.replay(ctx, answer)
			}
		}
		return s.shop.refuse(ctx, &s.line, refused)
	}
	s.shop.observe(s.req.Params.Name, time.Since(s.line.began))
	defer reservation.Release()
	if answer, ok := reservation.Answer(); ok {
		return s.replay(ctx, answer)
	}
	tab, refused := s.shop.runs(customerKey{channel: s.channel}, s.req.Params.Name, s.rate)
	if refused != nil {
		reservation.Release()
		return s.shop.refuse(ctx, &s.line, refused)
	}
	defer tab.close()
	untie()
	s.bill = s.shop.openBill(&s.line, s.rate, func() vouchers.ChannelConfig { return s.config })
	s.bill.tab = tab
	defer s.bill.close(false)
	defer func() { s.bill.hold.end(false) }()
	result, err := s.call(ctx, next)
	end := endingOf(ctx, result, err)
	if s.rate.charges(end) {
		return s.charge(context.WithoutCancel(ctx), reservation, s.bill.sells(end, result, err))
	}
	reservation.Release()
	if end == unfinished {
		tab.goOn()
	}
	s.line.end(ctx, end.code(), 0)
	if err != nil {
		return nil, err
	}
	return s.uncharged(result)
}

// call makes the call, and reads its meter.
func (s *sale) call(ctx context.Context, next mcpserver.ToolHandlerFunc) (*mcp.CallToolResult, error) {
	ctx, s.bill.hold = holding(s.bill.metering(ctx), s.rate)
	result, err := next(ctx, s.req)
	if s.rate.metered {
		s.bill.meter.readResult(result)
	}
	owned, err := s.shop.disown(s.req.Params.Name, result, err)
	if result != nil && owned != result || errors.Is(err, errAsksItself) {
		s.bill.meter.reported.Store(new(vouchers.Amount)) // the seller's fault, whatever it charges for failures
	}
	return owned, err
}

// reserve checks the payment, takes a deposit that comes with it, and sets the
// price aside in the channel.
func (s *sale) reserve(ctx context.Context) (*vouchers.Reservation, *refusal) {
	p, refused := s.shop.payment(&s.line, s.req)
	if refused != nil {
		return nil, refused
	}
	s.channel, s.config, s.ceiling, s.attested = p.voucher.Channel, p.config, p.voucher.Ceiling, p.receipt
	if _, ok := p.body.(*x402.RefundPayload); ok {
		return nil, refuseWith(x402.ErrPayloadType, "refunds go to the tool %s", RefundTool)
	}
	var reservation *vouchers.Reservation
	reservation, s.deposited, refused = s.shop.admit(ctx, p, s.price, fingerprint(s.req))
	return reservation, refused
}

// charge makes the charge durable, then lets the result out with its receipt.
func (s *sale) charge(ctx context.Context, reservation *vouchers.Reservation, result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	sold, err := json.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode the result of %s: %w", s.req.Params.Name, err)
	}
	total, puts := s.bill.total(ctx)
	added := additions{}
	_, err = reservation.Commit(ctx, total, func(c vouchers.Charge) (vouchers.Kept, error) {
		return s.shop.keep(ctx, &c, s.sold(receipts.Receipt{Ceiling: s.ceiling}), func(r *receipts.Signed) ([]byte, error) {
			response := s.response(c.Charged, c.State)
			if err := s.attest(ctx, &response, r); err != nil {
				return nil, err
			}
			if err := errors.Join(added.add(x402.MetaPaymentResponse, response), s.note(added, r)); err != nil {
				return nil, err
			}
			return joinKept(sold, added)
		})
	}, puts...)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		s.line.withheld(ctx, err)
		return mcp.NewToolResultError("the call ran, but its charge could not be made durable, so its result is withheld; send the same payment again later: it is charged once at most"), nil
	}
	s.line.end(ctx, s.bill.end.code(), total)
	added.into(result)
	return result, nil
}

// sold says on a receipt what was sold.
func (s *sale) sold(r receipts.Receipt) receipts.Receipt {
	r.Resource, r.Request = toolURL(s.req.Params.Name), fingerprint(s.req)
	return r
}

// attest adds the receipt of the standard to that of the charge, if it is asked for.
func (s *sale) attest(ctx context.Context, response *x402.SettlementResponse, r *receipts.Signed) error {
	if !s.attested || r == nil {
		return nil
	}
	return s.shop.attest(ctx, response, s.config.VoucherSigner(), r)
}

// note adds the receipt, and of a call that was free what is left of the allowance.
func (s *sale) note(added additions, r *receipts.Signed) error {
	if r != nil {
		return added.add(MetaReceipt, r)
	}
	if s.bill.free != nil {
		return added.add(MetaFree, s.bill.free.note())
	}
	return nil
}

// uncharged lets a failed result out, with the word that it cost nothing.
func (s *sale) uncharged(result *mcp.CallToolResult) (*mcp.CallToolResult, error) {
	if result == nil {
		return nil, fmt.Errorf("tool %s gave no result", s.req.Params.Name)
	}
	if channel, ok := s.shop.Ledger.Channel(s.channel); ok {
		setMeta(result, x402.MetaPaymentResponse, s.response(0, channel))
	}
	return result, nil
}

// response is what the payer is told of its payment.
func (s *sale) response(charged vouchers.Amount, state vouchers.Channel) x402.SettlementResponse {
	response := s.shop.response(state)
	response.Extra.ChargedAmount = &charged
	if s.deposited != nil {
		s.deposited.into(&response)
	}
	return response
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

// replay answers with what the same payment was answered with.
func (s *sale) replay(ctx context.Context, kept []byte) (*mcp.CallToolResult, error) {
	s.line.end(ctx, codeRepeated, 0)
	return replay(kept)
}

// replay is what the same payment for the same request was answered with.
func replay(kept []byte) (*mcp.CallToolResult, error) {
	var added additions
	sold, err := splitKept(kept, &added)
	if err != nil {
		return nil, errors.Join(errKept, err)
	}
	result, err := mcp.ParseCallToolResult((*json.RawMessage)(&sold))
	if err != nil {
		return nil, errors.Join(errKept, err)
	}
	added.into(result)
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
