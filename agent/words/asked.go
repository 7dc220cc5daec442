package words

import (
	"time"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	v1 "github.com/chitpay/chit/x402/v1"
)

// Asked is what a server asks.
type Asked struct {
	// Required are the terms.
	Required *x402.PaymentRequired
	// Manner is what they were said in.
	Manner Manner
}

// Manner is how a server speaks. The zero value is x402 version 2.
type Manner struct {
	// First says that it is x402 version 1.
	First bool
	// Challenges are those of MPP, one for each entry of the terms; nil is x402.
	Challenges []*mpp.Challenge
}

// Challenge is the one of an entry of the terms, nil where they are not MPP's.
func (m Manner) Challenge(entry int) *mpp.Challenge {
	if entry >= len(m.Challenges) {
		return nil
	}
	return m.Challenges[entry]
}

// ofDocument reads terms of x402, of either version. The error is that of version 2.
func ofDocument(data []byte) (*Asked, error) {
	required, err := x402.DecodePaymentRequired(data)
	if err == nil {
		return &Asked{Required: required}, nil
	}
	if first, bad := v1.Decode[v1.PaymentRequired](data); bad == nil {
		return &Asked{Required: first.V2(), Manner: Manner{First: true}}, nil
	}
	return nil, err
}

// ofChallenges are the terms of MPP, nil where none of the challenges can be paid by this client.
func ofChallenges(challenges []mpp.Challenge, problem *mpp.Problem) *Asked {
	ways, of := mpp.Payable(challenges, time.Now())
	if len(of) == 0 {
		return nil
	}
	required := &x402.PaymentRequired{Accepts: ways, Error: x402.ErrPaymentRequired}
	if problem != nil {
		required.Error, required.ErrorMessage = x402.ErrorCode(problem.Name()), problem.Detail
	}
	return &Asked{Required: required, Manner: Manner{Challenges: of}}
}
