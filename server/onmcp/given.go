package onmcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/onmcp/sessions"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/mpp"
)

// goods are how a resource is read, or a prompt got.
type goods[G any] struct {
	give func(ctx context.Context, call mcp.CallToolRequest) (G, error)
	// asks says whether what is given asks its client for more; nil is never.
	asks func(what G) bool
	// disown takes out what is not its seller's to say.
	disown func(what G) G
	// unpack reads what JSON has made of it.
	unpack func(raw json.RawMessage) (G, error)
}

// given is what a client gets: something, or an error.
type given[G any] struct {
	what  G
	err   error
	notes map[string]any
}

// try gives, and takes a panic for a failure.
func (g *goods[G]) try(ctx context.Context, p *Paywall, call mcp.CallToolRequest) (what G, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			p.Logger.Error("what is sold has panicked", "name", call.Params.Name, "reason", reason, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s has panicked", call.Params.Name)
		}
	}()
	if what, err = g.give(ctx, call); err != nil {
		return what, foreign.DisownError(p.Logger, call.Params.Name, err)
	}
	return g.disown(what), nil
}

func (g *goods[G]) endingOf(ctx context.Context, what G, err error) sale.Ending {
	switch {
	case ctx.Err() != nil:
		return sale.Cancelled
	case err != nil:
		return sale.Failed
	case g.asks != nil && g.asks(what):
		return sale.Unfinished
	}
	return sale.Delivered
}

// sellRead sells a read of a resource or a get of a prompt, as [Paywall.middleware] sells a call.
func sellRead[G any](ctx context.Context, p *Paywall, req mcp.CallToolRequest, of goods[G]) *given[G] {
	req = rawmcp.WithLifted(ctx, req)
	name, token := req.Params.Name, CreditToken(&req)
	req = withoutToken(req)
	line := p.ToolLine(req)
	rate := p.Tariff.Of(name)
	if rate == nil {
		return &given[G]{err: p.Errors.Error(mcp.RESOURCE_NOT_FOUND, fmt.Sprintf("%.200q is not for sale: no price is over it", name), nil)}
	}
	price, err := rate.PriceOf(ctx, p.Logger, req)
	if err != nil {
		notes := p.nothing(ctx, &line, req, err)
		return &given[G]{err: p.failure(err, notes)}
	}
	defer line.Close(ctx)
	if price == 0 {
		what, err := of.try(line.Running(ctx), p, req)
		line.End(ctx, of.endingOf(ctx, what, err).Code(), 0)
		return &given[G]{what: what, err: err}
	}
	line.Price = price
	on := &onRead[G]{paywall: p, line: &line, req: req, rate: rate, goods: of, fingerprint: Fingerprint(req)}
	sold := on.sell(ctx, token)
	if sold.err != nil && len(sold.notes) > 0 {
		sold.err = p.failure(sold.err, sold.notes)
	}
	return sold
}

// onRead carries a sale as a read of a resource or a get of a prompt.
type onRead[G any] struct {
	paywall     *Paywall
	line        *sale.Line
	req         mcp.CallToolRequest
	rate        *offer.Offer
	goods       goods[G]
	fingerprint [32]byte
	brought     paid
}

func (on *onRead[G]) sell(ctx context.Context, token *string) *given[G] {
	p := on.paywall
	if token == nil {
		var refused *terms.Refusal
		if on.brought, refused = p.broughtBy(on.req); refused != nil {
			return on.Refuse(ctx, &sale.Denial{Terms: refused})
		}
	}
	on.brought.Offer, on.brought.Token, on.brought.Identifier = on.rate, token, callID(&on.req)
	on.brought.Offered = func() []terms.PricedTool { return p.offered(ctx) }
	by := p.Ways.By(on.line, on.brought.Presented)
	if by == nil {
		return on.Refuse(ctx, &sale.Denial{Terms: terms.Unpaid})
	}
	return sale.Run(ctx, on.line, on.rate, by, on)
}

func (on *onRead[G]) Request() [32]byte { return on.fingerprint }

func (on *onRead[G]) Resource() string { return resourceURL(on.req.Params.Name) }

func (on *onRead[G]) Serve(ctx context.Context, b *sale.Bill) (*given[G], sale.Ending) {
	held, hold := sessions.Hold(b.Metering(ctx), on.rate)
	b.TellsWhenPaid(hold.End)
	what, err := on.goods.try(held, on.paywall, on.req)
	if errors.Is(err, foreign.ErrAsksItself) {
		b.Meter.Nothing() // the seller's fault, whatever it charges for failures
	}
	return &given[G]{what: what, err: err}, on.goods.endingOf(ctx, what, err)
}

func (on *onRead[G]) Sells(end sale.Ending, answer *given[G]) (*given[G], bool) {
	if end == sale.Cancelled && answer.err != nil {
		answer.err = errors.New(sale.CancelledText)
	}
	return answer, true
}

// notes are those of a charge, for an answer of any kind.
type notes[G any] struct{ additions }

func (n notes[G]) Into(answer *given[G]) {
	if answer.notes == nil {
		answer.notes = make(map[string]any, len(n.additions)+1)
	}
	for key, raw := range n.additions {
		answer.notes[key] = raw
	}
}

func (on *onRead[G]) Note(t sale.Told) (sale.Added[*given[G]], error) {
	all, err := notesOf(t, &on.brought)
	return notes[G]{all}, err
}

func (on *onRead[G]) NoteReceipt(answer *given[G], r *receipts.Signed) error {
	word, err := r.Wire()
	if err == nil {
		if answer.notes == nil {
			answer.notes = make(map[string]any)
		}
		answer.notes[MetaReceipt] = json.RawMessage(`"` + word + `"`) // nothing in it needs an escape
	}
	return err
}

// keptRead is what is kept of a read: what was given, or the error that was sold in its place.
type keptRead struct {
	Given json.RawMessage `json:"given,omitempty"`
	Error string          `json:"error,omitempty"`
}

func (on *onRead[G]) Pack(answer *given[G]) (packed []byte, err error) {
	var kept keptRead
	if answer.err != nil {
		kept.Error = answer.err.Error()
	} else if kept.Given, err = json.Marshal(answer.what); err != nil {
		return nil, fmt.Errorf("encode what %s has given: %w", on.req.Params.Name, err)
	}
	return json.Marshal(kept)
}

func (on *onRead[G]) Unpack(packed []byte) (*given[G], error) {
	var told additions
	sold, err := sale.SplitKept(packed, &told)
	if err != nil {
		return nil, errors.Join(sale.ErrKept, err)
	}
	var kept keptRead
	if err := json.Unmarshal(sold, &kept); err != nil {
		return nil, errors.Join(sale.ErrKept, err)
	}
	answer := new(given[G])
	if kept.Error != "" {
		answer.err = errors.New(kept.Error)
	} else if answer.what, err = on.goods.unpack(kept.Given); err != nil {
		return nil, errors.Join(sale.ErrKept, err)
	}
	notes[G]{told}.Into(answer)
	return answer, nil
}

func (on *onRead[G]) Refuse(ctx context.Context, no *sale.Denial) *given[G] {
	if no.Token != nil {
		return &given[G]{err: on.paywall.Errors.Error(codeRequired, no.Token.Message, no.Token)}
	}
	return &given[G]{err: on.paywall.refuseRead(ctx, on.line, no.Terms, on.req)}
}

func (on *onRead[G]) Withhold(advice string) *given[G] {
	return &given[G]{err: errors.New("it was given, but its charge could not be made durable, so it is withheld; " + advice)}
}

func (on *onRead[G]) Break(err error) *given[G] { return &given[G]{err: err} }

var _ sale.Carrier[*given[*mcp.GetPromptResult]] = (*onRead[*mcp.GetPromptResult])(nil)

// byMPP says whether a call brings a payment in the words of MPP.
func byMPP(req mcp.CallToolRequest) bool {
	return req.Params.Meta != nil && req.Params.Meta.AdditionalFields[mpp.MetaCredential] != nil
}
