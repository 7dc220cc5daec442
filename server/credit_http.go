package server

import (
	"net/http"
	"strings"

	"github.com/chitpay/chit/x402"
)

// The headers of an answer that a credit token paid for, beside PAYMENT-RESPONSE.
const (
	HeaderCreditGrant     = "Chit-Credit-Grant"
	HeaderCreditRemaining = "Chit-Credit-Remaining"
)

// headerIdempotencyKey carries the identifier of a request on a credit token: a text in
// quotes (draft-ietf-httpapi-idempotency-key-header), or as it is, as many clients have it.
const headerIdempotencyKey = "Idempotency-Key"

// requestID is the identifier of a request, "" if it has none.
func requestID(r *http.Request) string {
	values := r.Header.Values(headerIdempotencyKey)
	switch len(values) {
	case 0:
		return ""
	case 1:
	default:
		return badCallID
	}
	id := strings.TrimSpace(values[0])
	if unquoted, found := strings.CutPrefix(id, `"`); found {
		id, found = strings.CutSuffix(unquoted, `"`)
		if !found || strings.ContainsAny(id, `"\\`) {
			return badCallID
		}
	}
	if id == "" {
		return badCallID
	}
	return id
}

// takeBearer takes the credit token out of a request, "" if it has none.
func takeBearer(r *http.Request) (token string, rest *http.Request) {
	token, found := bearerToken(r.Header)
	if !found {
		return "", r
	}
	rest = r.Clone(r.Context())
	rest.Header.Del(headerAuthorization)
	return token, rest
}

// refuseCredit answers with problem details. Where money is what lacks, the terms of
// a voucher come with it.
func (on *onHTTP) refuseCredit(r *CreditRefusal) {
	if creditStatus[r.Code] == http.StatusPaymentRequired {
		if header, err := x402.EncodeHeader(on.terms(unpaid)); err == nil {
			on.w.Header().Set(x402.HeaderPaymentRequired, header)
		}
	}
	writeCreditProblem(on.w, r)
}
