package onmcp

import (
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
	"github.com/chitpay/chit/x402/v1"
)

// paid is what a call is paid with, and in whose words.
type paid struct {
	sale.Presented
	// first is the member of _meta for the receipt of a payment in x402's first version, empty
	// where it came in other words.
	first string
}

// answered is the member of _meta that tells the payer what its payment has come to; the key is
// empty where the words of the payment have none for it.
func (by *paid) answered(t sale.Told) (key string, value any) {
	if t.Short != nil {
		return short.MetaPaid, t.Short.Encode()
	}
	if by.Credential != nil {
		return mpp.MetaReceipt, envelope.Receipt(&t.Response, by.Credential, time.Now())
	}
	if by.first == "" {
		return x402.MetaPaymentResponse, t.Response
	}
	if receipt, there := envelope.FirstReceipt(&t.Response); there {
		return by.first, receipt
	}
	return "", nil
}

// ways are the members of _meta that a payment comes in, with what reads it.
var ways = []struct {
	name string
	read func(p *Paywall, tool string, value any) (paid, *terms.Refusal)
}{
	{x402.MetaPayment, (*Paywall).inFull},
	{short.MetaPay, func(_ *Paywall, _ string, value any) (by paid, refused *terms.Refusal) {
		by.Short, refused = readShort(value)
		return by, refused
	}},
	{mpp.MetaCredential, func(p *Paywall, tool string, value any) (by paid, refused *terms.Refusal) {
		by.Presented, refused = p.credited(tool, value)
		return by, refused
	}},
	{v1.MetaPayment, (*Paywall).inFirstText},
}

// broughtBy is the payment that a call brings, in whichever form. The refusal is of one that
// cannot be read, of two, or [terms.Unpaid].
func (p *Paywall) broughtBy(req mcp.CallToolRequest) (paid, *terms.Refusal) {
	if req.Params.Meta == nil {
		return paid{}, terms.Unpaid
	}
	return p.readPaid(req.Params.Name, func(name string) (any, bool) {
		value, there := req.Params.Meta.AdditionalFields[name]
		return value, there
	})
}

// readPaid reads the payment of a call, of whose _meta it is given the members.
func (p *Paywall) readPaid(tool string, member func(name string) (value any, there bool)) (paid, *terms.Refusal) {
	read := func() (paid, *terms.Refusal) { return paid{}, terms.Unpaid }
	found := false
	for _, way := range ways {
		value, there := member(way.name)
		if !there {
			continue
		}
		if found {
			return paid{}, paidTwice()
		}
		found, read = true, func() (paid, *terms.Refusal) { return way.read(p, tool, value) }
	}
	return read()
}

func paidTwice() *terms.Refusal {
	return terms.Refuse(x402.ErrPayload, "the call has two of %s: it is paid by one of them", strings.Join(wayNames(), ", "))
}

func wayNames() []string {
	names := make([]string, len(ways))
	for i, way := range ways {
		names[i] = way.name
	}
	return names
}

// readShort reads a payment in the short form, from JSON or what that was decoded to.
func readShort(value any) (*short.Payment, *terms.Refusal) {
	text, ok := textOf(value)
	if !ok {
		return nil, terms.Refuse(x402.ErrPayload, "%s is a text, and not a %T", short.MetaPay, value)
	}
	payment, err := short.Parse(text)
	if err != nil {
		return nil, terms.Refuse(x402.CodeOf(err), "%s: %v", short.MetaPay, err)
	}
	return payment, nil
}

// PayloadOf is the payment of x402 that a call brings. The refusal is of one that cannot be read,
// or [terms.Unpaid].
func (p *Paywall) PayloadOf(req mcp.CallToolRequest) (*x402.PaymentPayload, *terms.Refusal) {
	if req.Params.Meta == nil {
		return nil, terms.Unpaid
	}
	value, ok := req.Params.Meta.AdditionalFields[x402.MetaPayment]
	if !ok {
		return nil, terms.Unpaid
	}
	payload, err := p.payments.DecodeValue(value)
	if err != nil {
		return nil, terms.Refuse(x402.CodeOf(err), "%v", err)
	}
	return payload, nil
}
