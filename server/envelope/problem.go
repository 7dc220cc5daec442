package envelope

import (
	"errors"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402/mpp"
)

// Problem says in the words of MPP why a payment is refused.
func Problem(r *terms.Refusal, challengeID string) *mpp.Problem {
	problem, _ := mpp.ProblemOf(errors.New(string(r.Code)+": "+r.Detail), challengeID)
	return problem
}
