package onmcp

import (
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

var credentialName = []byte(`"` + mpp.MetaCredential + `"`)

// sold is what has a name as challenges have it.
func (p *Paywall) sold(name string) envelope.Sold {
	return envelope.Sold{Realm: p.Realm, Resource: resourceURL(name)}
}

// credited is what the credential of a call of a tool pays, in MPP's words, from JSON or what
// that was decoded to.
func (p *Paywall) credited(tool string, value any) (brought sale.Presented, refused *terms.Refusal) {
	credential, err := mpp.DecodeCredential(inJSON(value))
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
	if required := p.challenges(a, tool); required != nil {
		SetMeta(result, mpp.MetaRequired, required)
	}
}
