package onmcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/onmcp/rawmcp"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// An MCP server decodes all of a request, many times over, before the paywall sees the
// call. What brings no payment therefore loses its arguments here: it only gets the terms.

// plainCall is the longest body, in bytes, of which it is not worth while to look what
// it brings.
const plainCall = 1 << 10

// ownCall is the longest body of a call of the shop's own tools, in bytes, where
// [limits.Limits.UnpaidBody] is less: each brings a payment, or decodes little.
const ownCall = 64 << 10

// errUnpaid is what a large request gets that is no call which pays.
var errUnpaid = errors.New("the request is too large for one that brings no payment")

// stripped says of a call that its arguments were taken away, since it brings no payment.
type stripped struct {
	refused *terms.Refusal // why its payment is none; nil if it has none
}

type strippedKey struct{}

// admitBody reads the body of a request to an MCP server, of so many bytes at most. It
// reports false where the request is refused, which is answered.
func (p *Paywall) admitBody(w http.ResponseWriter, r *http.Request, most int64) (*http.Request, bool) {
	held, err := p.Door.Hold(w, r, most)
	if err != nil {
		held.Release()
		p.Door.RefuseBody(w, err)
		return nil, false
	}
	rest, call, err := p.screen(r, held.Bytes())
	if err != nil {
		held.Release()
		p.Met("unpaidBody")
		text := fmt.Sprintf("%v; at most %d bytes are taken", err, p.Limits.UnpaidBody)
		door.WriteProblem(w, http.StatusRequestEntityTooLarge, text)
		return nil, false
	}
	if call != nil {
		r = r.WithContext(context.WithValue(r.Context(), strippedKey{}, call))
		for name := range r.Header {
			if strings.HasPrefix(name, mcp.HeaderParamPrefix) {
				r.Header.Del(name)
			}
		}
	}
	held.Replace(rest)
	r.Body, r.ContentLength = held, int64(len(rest))
	return r, true
}

// screen returns what an MCP server may decode of a request, which is all of it but for
// the arguments of calls that do not pay. Above [limits.Limits.UnpaidBody] a payment must be
// one, and the error says that there should be one.
func (p *Paywall) screen(r *http.Request, body []byte) (rest []byte, call *stripped, err error) {
	large := int64(len(body)) > p.Limits.UnpaidBody
	if len(body) <= plainCall || !large && mayPay(r, body) {
		return body, nil, nil
	}
	seen, err := rawmcp.Glance(body, metaNames)
	switch {
	case !large && (err != nil || seen.Method != string(mcp.MethodToolsCall)):
		return body, nil, nil
	case err != nil:
		return nil, nil, errUnpaid
	case seen.Method == "": // an answer, which nobody decodes who has not asked
		return body, nil, nil
	case seen.Reads() != "":
		return p.screenRead(r, body, seen)
	case seen.Method != string(mcp.MethodToolsCall), isOwn(seen.Name) && len(body) > ownCall:
		return nil, nil, errUnpaid
	}
	call = new(stripped)
	switch rate := p.Tariff.Of(seen.Name); {
	case isOwn(seen.Name):
		return body, nil, nil
	case rate == nil: // it is not sold
		return seen.WithoutArguments(body), call, nil
	case rate.Price == 0 || !large && rate.Quote != nil:
		return body, nil, nil
	}
	if large {
		var pays bool
		if call.refused, pays = p.proves(r, seen.Name, seen); pays {
			return body, nil, nil
		}
		p.Met("unpaidBody")
	}
	return seen.WithoutArguments(body), call, nil
}

// screenRead is [Paywall.screen] of a large request that reads a resource or gets a prompt, which
// is let in if it pays.
func (p *Paywall) screenRead(r *http.Request, body []byte, seen *rawmcp.Glimpse) ([]byte, *stripped, error) {
	name := seen.Reads()
	if rate := p.Tariff.Of(name); rate == nil || rate.Price == 0 {
		return nil, nil, errUnpaid
	}
	if refused, pays := p.proves(r, name, seen); refused != nil {
		return nil, nil, fmt.Errorf("%w: %s: %s", errUnpaid, refused.Code, refused.Detail)
	} else if !pays {
		return nil, nil, errUnpaid
	}
	return body, nil, nil
}

// metaNames are the members of _meta by which a request may pay.
var metaNames = append(wayNames(), MetaCredit)

var creditName = []byte(`"` + MetaCredit + `"`)

// mayPay says whether a request has what looks like a payment, wherever it is.
func mayPay(r *http.Request, body []byte) bool {
	if rawmcp.NamesPayment(body) || bytes.Contains(body, creditName) || bytes.Contains(body, credentialName) || bytes.Contains(body, firstName) {
		return true
	}
	_, onCredit := door.Bearer(r.Header)
	return onCredit
}

// proves says whether a call brings what can pay at all: a voucher that is signed by
// the signer of a channel that there is, a deposit, or a token that this shop has made.
func (p *Paywall) proves(r *http.Request, name string, seen *rawmcp.Glimpse) (refused *terms.Refusal, pays bool) {
	by, refused := p.readPaid(name, func(member string) (any, bool) {
		value, there := seen.Meta[member]
		return value, there
	})
	brought := by.Presented
	credit, withToken := seen.Meta[MetaCredit]
	payments := len(seen.Meta)
	if withToken {
		payments--
	}
	switch token, onCredit := door.Bearer(r.Header); {
	case refused != nil && payments > 0:
		return refused, false
	case payments > 0:
	case withToken:
		brought.Token = new(string)
		if json.Unmarshal(credit, brought.Token) != nil {
			return nil, false
		}
	case onCredit:
		brought.Token = &token
	}
	pays, refused = p.Ways.Proves(limits.WithNetwork(r), name, brought)
	return refused, pays
}

// refuseStripped answers a call whose arguments were taken away: the terms, or what its
// payment lacks.
func (p *Paywall) refuseStripped(ctx context.Context, call *stripped, req mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
	name := req.Params.Name
	defer func() { fitSchema(ctx, name, result) }()
	rate := p.Tariff.Of(name)
	if rate == nil || rate.Price == 0 {
		return mcp.NewToolResultError("the price has changed at this moment; send the call again"), nil
	}
	line := p.ToolLine(req)
	line.Price = rate.Price
	by, _ := p.broughtBy(req) // what it lacks is said by the call that is refused
	brought := by.Presented
	brought.Token, brought.Offered = CreditToken(&req), func() []terms.PricedTool { return p.offered(ctx) }
	if no := p.Ways.Explain(ctx, &line, brought); no != nil && no.Token != nil {
		return p.RefuseCredit(no.Token)
	} else if no != nil {
		return p.Refuse(ctx, &line, no.Terms)
	}
	refused := call.refused
	if refused == nil && rate.Quote != nil {
		refused = terms.Refuse(x402.ErrPaymentRequired, "an unpaid call of more than %d bytes is not quoted: this is the most that it costs", p.Limits.UnpaidBody)
	}
	if refused == nil {
		refused = terms.Unpaid
	}
	return p.Refuse(ctx, &line, refused)
}

func strippedOf(ctx context.Context) *stripped {
	call, _ := ctx.Value(strippedKey{}).(*stripped)
	return call
}
