package onmcp

import (
	"maps"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// MetaCredit is the key in _meta under which a request carries a credit token, and an
// answer says what is left of it.
const MetaCredit = "chit/credit"

// MetaCallID is the key in _meta under which a call on a credit token carries an
// identifier, so that the same call made again is answered and not charged.
const MetaCallID = "chit/payment-id"

// CreditToken is the token that a call is to be paid with, nil if there is none. A voucher that comes with
// the call goes first, then the token in _meta.
func CreditToken(req *mcp.CallToolRequest) *string {
	if meta := req.Params.Meta; meta != nil {
		_, paid := meta.AdditionalFields[x402.MetaPayment]
		if _, shortly := meta.AdditionalFields[short.MetaPay]; paid || shortly {
			return nil
		}
		if value, there := meta.AdditionalFields[MetaCredit]; there {
			token, _ := value.(string) // anything else is no token, and refused as one
			return &token
		}
	}
	if token, found := door.Bearer(req.Header); found {
		return &token
	}
	return nil
}

// callID is the identifier of a call, "" if it has none. Anything but a text is one
// that is refused.
func callID(req *mcp.CallToolRequest) string {
	if req.Params.Meta == nil {
		return ""
	}
	value, there := req.Params.Meta.AdditionalFields[MetaCallID]
	id, _ := value.(string)
	if there && id == "" {
		return sale.BadIdentifier
	}
	return id
}

// withoutToken is the request as the tool may see it.
func withoutToken(req mcp.CallToolRequest) mcp.CallToolRequest {
	if _, found := door.Bearer(req.Header); found {
		req.Header = req.Header.Clone()
		door.DropBearer(req.Header)
	}
	meta := req.Params.Meta
	if meta == nil {
		return req
	}
	if _, there := meta.AdditionalFields[MetaCredit]; there {
		fields := maps.Clone(meta.AdditionalFields)
		delete(fields, MetaCredit)
		req.Params.Meta = &mcp.Meta{ProgressToken: meta.ProgressToken, AdditionalFields: fields}
	}
	return req
}
