package onhttp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
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
		return sale.BadIdentifier
	}
	id := strings.TrimSpace(values[0])
	if unquoted, found := strings.CutPrefix(id, `"`); found {
		id, found = strings.CutSuffix(unquoted, `"`)
		if !found || strings.ContainsAny(id, `"\\`) {
			return sale.BadIdentifier
		}
	}
	if id == "" {
		return sale.BadIdentifier
	}
	return id
}

// takeBearer takes the credit token out of a request, "" if it has none.
func takeBearer(r *http.Request) (token string, rest *http.Request) {
	token, found := door.Bearer(r.Header)
	if !found {
		return "", r
	}
	rest = r.Clone(r.Context())
	door.DropBearer(rest.Header)
	return token, rest
}

// refuseCredit answers with problem details. Where money is what lacks, the terms of
// a voucher come with it.
func (on *onHTTP) refuseCredit(r *terms.CreditRefusal) {
	if r.Status() == http.StatusPaymentRequired {
		if header, err := x402.EncodeHeader(on.terms(terms.Unpaid)); err == nil {
			on.w.Header().Set(x402.HeaderPaymentRequired, header)
		}
	}
	writeCreditProblem(on.w, r)
}

// creditProblem is a refusal as problem details (RFC 9457).
type creditProblem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	*terms.CreditRefusal
}

// writeCreditProblem answers a request that its token does not pay for.
func writeCreditProblem(w http.ResponseWriter, r *terms.CreditRefusal) {
	status := r.Status()
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(r.RetryAfter, 10))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(creditProblem{
		Type: r.Type, Title: "the credit token does not pay for this", Status: status, Detail: r.Message, CreditRefusal: r,
	}) // the client has gone: nobody is left to tell
}
