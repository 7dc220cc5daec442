package onmcp

import (
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

var credentialName = []byte(`"` + mpp.MetaCredential + `"`)

// sold is a tool as challenges have it.
func (p *Paywall) sold(tool string) envelope.Sold {
	return envelope.Sold{Realm: p.Realm, Resource: toolURL(tool)}
}

// credited is what the credential of a call of a tool pays, in MPP's words, from JSON or what
// that was decoded to.
func (p *Paywall) credited(tool string, value any) (brought sale.Presented, refused *terms.Refusal) {
	raw, isJSON := value.(json.RawMessage)
	if !isJSON {
		raw, _ = json.Marshal(value) // came from JSON
	}
	credential, err := mpp.DecodeCredential(raw)
	if err != nil {
		return brought, terms.Refuse(x402.ErrPayload, "%s: %v", mpp.MetaCredential, err)
	}
	sold := p.sold(tool)
	sold.Terms = p.Terms.Transfers()
	brought.Payment, err = p.Challenger.Payment(credential, sold)
	if err != nil {
		return brought, terms.Refuse(x402.ErrPayload, "%v", err)
	}
	brought.Credential = credential
	return brought, nil
}

// challenge adds to the refusal of a call how it can be paid for in MPP's words.
func (p *Paywall) challenge(result *mcp.CallToolResult, a terms.Asked, tool string) {
	sold := p.sold(tool)
	if sold.Terms = p.Terms.Charges(a); len(sold.Terms) == 0 {
		return
	}
	challenges, err := p.Challenger.Challenges(sold)
	if err != nil {
		p.Logger.Error("write challenges", "tool", tool, "error", err)
		return
	}
	required := &mpp.Required{Challenges: challenges}
	if r := a.Refusal; r.Code != x402.ErrPaymentRequired {
		required.Problem = envelope.Problem(r, challenges[0].ID)
	}
	SetMeta(result, mpp.MetaRequired, required)
}
