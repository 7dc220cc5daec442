package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/relay"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/short"
)

// voucherProxy pays for the calls of a [Proxy].
type voucherProxy struct {
	payer *pay.Payer
	*relay.Relay
	logger *slog.Logger
}

var _ relay.Paying = (*voucherProxy)(nil)

// sees learns what a tool costs.
func (p *voucherProxy) Sees(tool string, meta map[string]json.RawMessage) {
	p.payer.Prices.Announce(p.pricesOf(tool, meta), false)
}

func (p *voucherProxy) pricesOf(tool string, meta map[string]json.RawMessage) map[string]vouchers.Amount {
	if relay.IsNull(meta[metaPrice]) {
		return map[string]vouchers.Amount{tool: 0}
	}
	return p.payer.PricesIn(tool, meta[metaPrice])
}

// listPrices asks what the server announces.
func (p *voucherProxy) listPrices(ctx context.Context) (map[string]vouchers.Amount, error) {
	prices := make(map[string]vouchers.Amount)
	see := func(name string, meta map[string]json.RawMessage) { maps.Copy(prices, p.pricesOf(name, meta)) }
	if err := p.eachTool(ctx, see); err != nil {
		return prices, err
	}
	return prices, p.EachRead(ctx, see)
}

// eachTool goes through the whole list of the server's tools, page by page.
func (p *voucherProxy) eachTool(ctx context.Context, do func(name string, meta map[string]json.RawMessage)) error {
	params := map[string]any{}
	for range p.payer.Limits.Pages {
		answer, err := p.Forward(ctx, nil, string(mcp.MethodToolsList), params)
		if err != nil || answer.Error != nil {
			return err
		}
		page, err := p.ReadToolPage(answer.Result)
		if err != nil {
			return err
		}
		for _, tool := range page.Tools {
			if name, meta, err := relay.ReadTool(tool); err == nil {
				do(name, meta)
			}
		}
		if page.Next == "" {
			return nil
		}
		params["cursor"] = page.Next
	}
	return dial.Over("Pages", p.payer.Limits.Pages, "the list of tools has more pages")
}

// call calls a tool, and pays if it costs something.
func (p *voucherProxy) Call(ctx context.Context, m relay.Message, tool string, params map[string]json.RawMessage) (relay.Message, error) {
	var answer relay.Message
	l := relay.Line{Tool: tool, Began: time.Now(), Payer: p.payer.Payer(), Code: relay.CodeOK}
	receipt, err := p.payer.Buy(ctx, p.wantRaw(m, tool, params, &answer))
	l.Channel, l.Price, l.Charged = receipt.Channel, receipt.Price, &receipt.Charged
	if receipt.Unwritten != nil {
		p.logger.LogAttrs(ctx, slog.LevelError, "the payer's book was not written", append(l.Attrs(), slog.Any("error", receipt.Unwritten))...)
	}
	if err == nil {
		if p.logger.Enabled(ctx, slog.LevelDebug) {
			if read, bad := relay.ReadResult(answer.Result); answer.Error != nil || bad == nil && read.IsError {
				l.Code = relay.CodeFailed
			}
		}
		p.Tell(ctx, &l, nil)
		return answer, nil
	}
	var rpc rpcFailure
	if errors.As(err, &rpc) {
		return relay.Message{Error: rpc.details}, nil
	}
	problem, known := Explain(err)
	if !known {
		return relay.Message{}, err
	}
	l.Code, l.Price = string(problem.Code), problem.Required
	p.Tell(ctx, &l, err)
	return relay.OwnAnswer(m, problem.Message+"\n"+strings.ToUpper(problem.Help[:1])+problem.Help[1:]+".", problem)
}

// rpcFailure is an error that the server answered with.
type rpcFailure struct{ details json.RawMessage }

func (f rpcFailure) Error() string { return string(f.details) }

// wantRaw is a call of a tool, or a read, whose params and last answer are kept as they are.
func (p *voucherProxy) wantRaw(m relay.Message, tool string, params map[string]json.RawMessage, last *relay.Message) *pay.Want {
	return &pay.Want{Name: tool, Send: func(ctx context.Context, paid *words.Payment) (*pay.Answer, error) {
		stamped, err := withPayment(params, paid)
		if err != nil {
			return nil, err
		}
		got, err := p.Forward(ctx, m.ID, m.Method, stamped)
		if errors.Is(err, transport.ErrSessionTerminated) {
			return nil, err // it was not taken
		}
		if err != nil {
			return nil, pay.Unanswered(err)
		}
		if got.Error != nil {
			a, err := answerOfError(tool, m.Method, got.Error, paid)
			*last = got
			return a, err
		}
		*last = got
		return answerOfRaw(tool, got.Result, paid)
	}}
}

// withPayment is the params of a call with a payment in their _meta.
func withPayment(params map[string]json.RawMessage, paid *words.Payment) (map[string]json.RawMessage, error) {
	var meta map[string]json.RawMessage
	if raw := params["_meta"]; raw != nil {
		if err := json.Unmarshal(raw, &meta); err != nil {
			return nil, fmt.Errorf("the call's _meta cannot be read: %w", err)
		}
	}
	if paid == nil {
		return params, nil
	}
	if meta == nil {
		meta = make(map[string]json.RawMessage)
	}
	members, err := paid.Members()
	if err != nil {
		return nil, err
	}
	maps.Copy(meta, members)
	params = maps.Clone(params)
	params["_meta"], err = json.Marshal(meta)
	return params, err
}

// answerOfError reads of an error what concerns the payment of the request. One that says nothing of it
// is a failure of its own.
func answerOfError(name, method string, raw json.RawMessage, paid *words.Payment) (*pay.Answer, error) {
	read, err := relay.ReadError(raw)
	switch {
	case err != nil && method == string(mcp.MethodToolsCall):
		return nil, rpcFailure{raw}
	case err != nil:
		return nil, pay.Unanswered(err)
	}
	a := &pay.Answer{Failed: true}
	if a.Ask(words.OfError(read.Data)); a.Required != nil {
		return a, nil
	}
	if read.Meta == nil {
		return nil, rpcFailure{raw}
	}
	takeReceipts(a, name, read.Meta, paid)
	return a, nil
}

// takeReceipts reads what a _meta says of a payment.
func takeReceipts(a *pay.Answer, name string, meta map[string]json.RawMessage, paid *words.Payment) {
	a.Receipt = paid.ReceiptOf(meta)
	var text string
	if json.Unmarshal(meta[short.MetaPaid], &text) == nil {
		a.Paid = words.PaidIn(text)
	}
	if signed, err := receipts.Parse(meta[metaReceipt]); err == nil && ofTool(name, signed) {
		a.Signed = signed
	}
}

// answerOfRaw reads of a result what concerns its payment.
func answerOfRaw(tool string, raw json.RawMessage, paid *words.Payment) (*pay.Answer, error) {
	read, err := relay.ReadResult(raw)
	if err != nil {
		return nil, pay.Unanswered(err)
	}
	a := &pay.Answer{Failed: read.IsError}
	takeReceipts(a, tool, read.Meta, paid)
	if read.IsError {
		a.Ask(words.OfResult(read.StructuredContent, read.Text(), read.Meta))
	}
	return a, nil
}

// depositTool is where the server takes deposits, nil if it has no tool for them.
func (p *voucherProxy) depositTool(ctx context.Context) (*pay.Want, error) {
	found := false
	if err := p.eachTool(ctx, func(name string, _ map[string]json.RawMessage) { found = found || name == depositTool }); err != nil || !found {
		return nil, err
	}
	var last relay.Message
	return p.wantRaw(relay.Message{Method: string(mcp.MethodToolsCall)}, depositTool, map[string]json.RawMessage{"name": json.RawMessage(`"` + depositTool + `"`)}, &last), nil
}

func (p *voucherProxy) TellBalance(ctx context.Context) (relay.Message, error) {
	b, err := p.payer.Balance(ctx)
	if err != nil {
		return relay.Message{}, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "The channel to %s has %s left; the wallet has %s.\n", b.Server, b.Channel, b.Wallet)
	fmt.Fprintf(&text, "Spent: %s today, %s at this server, %s in all.\n", b.Spent.Today, b.Spent.Server, b.Spent.Total)
	if b.Spent.InDoubt > 0 {
		fmt.Fprintf(&text, "Of that in doubt, by transfers that may have been made: %s.\n", b.Spent.InDoubt)
	}
	if b.Spent.AtRisk > 0 {
		fmt.Fprintf(&text, "Signed and not charged: %s.\n", b.Spent.AtRisk)
	}
	if b.Spent.Disputed > 0 {
		fmt.Fprintf(&text, "Charged by servers and explained by no call: %s.\n", b.Spent.Disputed)
	}
	for _, limit := range b.Limits {
		fmt.Fprintf(&text, "Budget for %s: %s of %s left.\n", limit.Limit, limit.Remaining, limit.Most)
	}
	return relay.OwnResult(text.String(), b, false)
}
