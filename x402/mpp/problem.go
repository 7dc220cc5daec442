package mpp

import (
	"errors"
	"strings"

	"github.com/chitpay/chit/x402"
)

// Codes of JSON-RPC errors that answer a call. A payer reads a [Required] from the first two
// alone, and pays again where it can.
const (
	CodePaymentRequired    = -32042
	CodeVerificationFailed = -32043
	CodeInvalidParams      = -32602
)

// Problem says why a payment was not taken, as RFC 9457 has it: the body of an answer over HTTP,
// of the type [ProblemMediaType], and a member of [Required] over MCP.
type Problem struct {
	// Type is the URI of the kind of problem, and Title its name.
	Type  string `json:"type"`
	Title string `json:"title"`
	// Status is that of HTTP.
	Status int `json:"status"`
	// Detail is what happened, for people.
	Detail string `json:"detail"`
	// ChallengeID is the id of the challenge that is asked now; empty is absent.
	ChallengeID string `json:"challengeId,omitzero"`
}

// Name is the end of the problem's type, such as "verification-failed".
func (p *Problem) Name() string { return p.Type[strings.LastIndexByte(p.Type, '/')+1:] }

// DecodeProblem reads the body of an answer over HTTP. Errors wrap [ErrMalformed].
func DecodeProblem(data []byte) (*Problem, error) {
	p, err := x402.Read[Problem](data, []string{"type"})
	if err != nil {
		return nil, within("", err, ErrMalformed)
	}
	return p, nil
}

// ProblemMediaType is the Content-Type of a [Problem].
const ProblemMediaType = "application/problem+json"

const (
	problems        = "https://paymentauth.org/problems/"
	statusRequired  = 402
	detailNoPayment = "Payment is required."
)

// kinds are the problems by the errors that they are of, and the code that each has in MCP.
var kinds = []struct {
	err         error
	name, title string
	code        int
}{
	{ErrPayload, "invalid-payload", "Invalid Payload", CodeInvalidParams},
	{ErrUnsupported, "invalid-payload", "Invalid Payload", CodeInvalidParams},
	{ErrMalformed, "malformed-credential", "Malformed Credential", CodeInvalidParams},
	{ErrForeign, "invalid-challenge", "Invalid Challenge", CodeVerificationFailed},
	{ErrExpired, "payment-expired", "Payment Expired", CodeVerificationFailed},
}

// ProblemOf is the answer to a credential that was refused with err, and its code in MCP; nil is
// that there was none. The text of err is shown to the payer: an error that this package does not
// know is one of the payment's verification.
func ProblemOf(err error, challengeID string) (problem *Problem, code int) {
	p := &Problem{Status: statusRequired, ChallengeID: challengeID}
	if err == nil {
		p.Type, p.Title, p.Detail = problems+"payment-required", "Payment Required", detailNoPayment
		return p, CodePaymentRequired
	}
	p.Type, p.Title, p.Detail, code = problems+"verification-failed", "Verification Failed", err.Error(), CodeVerificationFailed
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			p.Type, p.Title, code = problems+kind.name, kind.title, kind.code
			break
		}
	}
	return p, code
}
