package onmcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// codeRequired is the code of an error of JSON-RPC that asks for a payment, as x402 has it; its
// data are the terms.
const codeRequired = 402

// refuseRead answers a read or a get that is not paid as it should be with an error whose data
// are the terms of x402. Where MPP is accepted the same object has its challenges, and the code is
// that of MPP unless the request has brought a payment of x402.
func (p *Paywall) refuseRead(ctx context.Context, l *sale.Line, r *terms.Refusal, req mcp.CallToolRequest) error {
	asked := p.asked(l.Name, l.Price, r)
	data, err := json.Marshal(p.Terms.Required(asked))
	if err != nil {
		return fmt.Errorf("encode the terms of %s: %w", l.Name, err)
	}
	l.Refused(ctx, r)
	code := codeRequired
	if challenges := p.challenges(asked, l.Name); challenges != nil {
		more, err := json.Marshal(challenges)
		if err != nil {
			return fmt.Errorf("encode the challenges of %s: %w", l.Name, err)
		}
		data = joined(data, more)
		switch {
		case byMPP(req):
			code = mpp.CodeVerificationFailed
		case r.Code == x402.ErrPaymentRequired:
			code = mpp.CodePaymentRequired
		}
	}
	text := r.Detail
	if text == "" {
		text = r.Code.Message()
	}
	return p.Errors.Error(code, text, json.RawMessage(data))
}

// joined is one object with the members of two.
func joined(a, b []byte) []byte {
	all := append(bytes.TrimSuffix(bytes.TrimSpace(a), []byte("}")), ',')
	return append(all, bytes.TrimPrefix(bytes.TrimSpace(b), []byte("{"))...)
}

// failure is an error whose data have the notes of a payment.
func (p *Paywall) failure(err error, notes map[string]any) error {
	if len(notes) == 0 {
		return err
	}
	return p.Errors.Error(mcp.INTERNAL_ERROR, err.Error(), map[string]any{"_meta": notes})
}

// challenges are how something can be paid for in MPP's words, nil where it cannot.
func (p *Paywall) challenges(a terms.Asked, name string) *mpp.Required {
	sold := p.sold(name)
	if sold.Terms = p.Terms.Charges(a); len(sold.Terms) == 0 {
		return nil
	}
	challenges, err := p.Challenger.Challenges(sold)
	if err != nil {
		p.Logger.Error("write challenges", "tool", name, "error", err)
		return nil
	}
	required := &mpp.Required{Challenges: challenges}
	if r := a.Refusal; r.Code != x402.ErrPaymentRequired {
		required.Problem = envelope.Problem(r, challenges[0].ID)
	}
	return required
}
