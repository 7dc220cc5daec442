package words

import (
	"net/http"
	"slices"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// OfResponse reads the terms of an answer of status 402 to a request with these headers: those of
// x402 version 2, or of version 1, or the challenges of MPP, the first that there are. A challenge is
// none whose credential goes where the request has something else. The error is that of x402's
// terms.
func OfResponse(head http.Header, body []byte, sent http.Header) (*Asked, error) {
	if required, err := x402.DecodeHeader[x402.PaymentRequired](head.Get(x402.HeaderPaymentRequired)); err == nil {
		return &Asked{Required: required}, nil
	}
	asked, err := ofDocument(body)
	if err == nil {
		return asked, nil
	}
	challenges, bad := mpp.ParseWWWAuthenticate(head.Values(mpp.HeaderChallenge))
	if bad != nil {
		return nil, err
	}
	challenges = slices.DeleteFunc(challenges, func(c mpp.Challenge) bool { return sent.Get(c.CredentialHeader()) != "" })
	problem, bad := mpp.DecodeProblem(body)
	if bad != nil {
		problem = nil // it is for people
	}
	if asked := ofChallenges(challenges, problem); asked != nil {
		return asked, nil
	}
	return nil, err
}
