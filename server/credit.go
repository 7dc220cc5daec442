package server

import (
	"maps"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/x402"
)

// MetaCredit is the key in _meta under which a request carries a credit token, and an
// answer says what is left of it.
const MetaCredit = "chit/credit"

// MetaCallID is the key in _meta under which a call on a credit token carries an
// identifier, so that the same call made again is answered and not charged.
const MetaCallID = "chit/payment-id"

const (
	headerAuthorization = "Authorization"
	bearer              = "Bearer "
)

// isOwn reports whether a tool is the shop's own, which [Shop.AddTools] adds: it
// costs nothing, or takes its payment itself.
func isOwn(tool string) bool {
	return tool == DepositTool || tool == RefundTool || tool == CreditGrantTool || tool == CreditTool || tool == ReceiptsTool || tool == StateTool
}

// bearerToken is the credit token of a request's header, if it has one. Another
// scheme, and a bearer token of somebody else's, is none.
func bearerToken(header http.Header) (token string, found bool) {
	value := header.Get(headerAuthorization)
	if len(value) < len(bearer) || !strings.EqualFold(value[:len(bearer)], bearer) {
		return "", false
	}
	token = strings.TrimLeft(value[len(bearer):], " ")
	return token, strings.HasPrefix(token, macaroon.Prefix)
}

// creditToken is the token that a call is to be paid with, nil if there is none. A voucher that comes with
// the call goes first, then the token in _meta.
func creditToken(req *mcp.CallToolRequest) *string {
	if meta := req.Params.Meta; meta != nil {
		if _, paid := meta.AdditionalFields[x402.MetaPayment]; paid {
			return nil
		}
		if value, there := meta.AdditionalFields[MetaCredit]; there {
			token, _ := value.(string) // anything else is no token, and refused as one
			return &token
		}
	}
	if token, found := bearerToken(req.Header); found {
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
		return badCallID
	}
	return id
}

// badCallID stands for an identifier that cannot be one.
const badCallID = " "

// withoutToken is the request as the tool may see it.
func withoutToken(req mcp.CallToolRequest) mcp.CallToolRequest {
	if _, found := bearerToken(req.Header); found {
		req.Header = req.Header.Clone()
		req.Header.Del(headerAuthorization)
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
