package mpp

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/x402"
)

// Required is the answer over MCP to a call that is not paid as it should be: the data of a
// JSON-RPC error of [CodePaymentRequired] or [CodeVerificationFailed], or the [MetaRequired] of a
// result that is an error.
type Required struct {
	// Challenges are the ways to pay, the seller's favourite first; there is one at least.
	Challenges []Challenge
	// Problem is what was wrong; nil is absent.
	Problem *Problem
	// X402 is the same in the terms of x402, for payers of both; nil is absent.
	X402 *x402.PaymentRequired
}

// required is [Required] in JSON.
type required struct {
	HTTPStatus int                   `json:"httpStatus"`
	Challenges []jsontext.Value      `json:"challenges"`
	Problem    *Problem              `json:"problem,omitzero"`
	X402       *x402.PaymentRequired `json:"x402,omitzero"`
}

// MarshalJSON encodes the answer.
func (r Required) MarshalJSON() ([]byte, error) {
	wire := required{HTTPStatus: statusRequired, Challenges: make([]jsontext.Value, len(r.Challenges)), Problem: r.Problem, X402: r.X402}
	for i := range r.Challenges {
		encoded, err := r.Challenges[i].MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("encode challenge %d of %d: %w", i+1, len(r.Challenges), err)
		}
		wire.Challenges[i] = encoded
	}
	return x402.Write(&wire)
}

// DecodeRequired reads the answer, of at most [x402.DefaultMaxBytes]. Errors wrap [ErrMalformed];
// what its x402 says is read by package x402 and its errors.
func DecodeRequired(data []byte) (*Required, error) {
	read, err := x402.Read[struct {
		Challenges []jsontext.Value `json:"challenges"`
		Problem    jsontext.Value   `json:"problem,omitzero"`
		X402       jsontext.Value   `json:"x402,omitzero"`
	}](data, []string{"challenges"})
	if err != nil {
		return nil, within("", err, ErrMalformed)
	}
	if n := len(read.Challenges); n == 0 || n > MaxChallenges {
		return nil, malformed("challenges", fmt.Sprintf("%d of them", n), fmt.Sprintf("1 to %d", MaxChallenges))
	}
	r := &Required{Challenges: make([]Challenge, len(read.Challenges))}
	for i, challenge := range read.Challenges {
		if err := r.Challenges[i].UnmarshalJSON(challenge); err != nil {
			return nil, within(fmt.Sprintf("challenges[%d]", i), err, ErrMalformed)
		}
	}
	if read.Problem.Kind() == '{' {
		if r.Problem, err = x402.Read[Problem](read.Problem, nil); err != nil {
			return nil, within("problem", err, ErrMalformed)
		}
	}
	if read.X402.Kind() == '{' {
		if r.X402, err = x402.DecodePaymentRequired(read.X402); err != nil {
			return nil, within("x402", err, ErrMalformed)
		}
	}
	return r, nil
}

// UnmarshalJSON is [DecodeRequired] for encoding/json.
func (r *Required) UnmarshalJSON(data []byte) error {
	read, err := DecodeRequired(data)
	if err == nil {
		*r = *read
	}
	return err
}
