package policy

import (
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Code says for machines why a payment was not made, or came to nothing.
type Code string

// The codes of what the policy forbids.
const (
	CodeServerNotAllowed Code = "server_not_allowed" // the policy does not let this server be paid
	CodeToolNotAllowed   Code = "tool_not_allowed"   // the policy does not let this tool be paid
	CodePerCallExceeded  Code = "per_call_exceeded"  // the call costs more than one call may
	CodePriceRaised      Code = "price_raised"       // the call costs more than was announced, or was last paid
	CodeBudgetExhausted  Code = "budget_exhausted"   // a budget does not cover the call
	CodeNotApproved      Code = "not_approved"       // the call costs so much that somebody must agree, and nobody did
	CodeDepositExceeded  Code = "deposit_exceeded"   // the deposit moves more than one may
)

// Error is a payment that the payer's own [Policy] forbids; it wraps [ErrRefused].
type Error struct {
	// Code says which kind of rule forbids it, Limit which one, for people.
	Code  Code
	Limit string
	// Server and Tool are what would have been paid; a deposit has no tool.
	Server, Tool string
	// Required is what the payment takes, Remaining what the limit leaves for it, in
	// atomic units.
	Required, Remaining vouchers.Amount
	// RetryAt is when the limit starts anew; zero is never.
	RetryAt time.Time
}

// byDefault is the limit of a call where no policy sets one.
const byDefault = "one call by default"

// allowMore is what the owner of a wallet does about a price.
const allowMore = "allow more with --max-price, or with budget.perCall in the profile"

// Error names the limit and what is left of it.
func (e *Error) Error() string {
	what := "a call of " + e.Tool
	if e.Tool == "" {
		what = "a deposit"
	}
	switch e.Code {
	case CodeServerNotAllowed:
		return fmt.Sprintf("%v: payments to %s are not allowed", ErrRefused, e.Server)
	case CodeToolNotAllowed:
		return fmt.Sprintf("%v: payments for %s are not allowed", ErrRefused, e.Tool)
	case CodeBudgetExhausted:
		until := ""
		if !e.RetryAt.IsZero() {
			until = " until " + e.RetryAt.Format(time.RFC3339)
		}
		return fmt.Sprintf("%v: %s costs %s, the budget for %s has %s left%s", ErrRefused, what, e.Required, e.Limit, e.Remaining, until)
	}
	if e.Limit == topUpLimit {
		return fmt.Sprintf("%v: %s takes %s, and %s have %s left until %s; allow more there, or deposit by hand: `chit deposit AMOUNT`",
			ErrRefused, what, e.Required, e.Limit, e.Remaining, e.RetryAt.Format(time.RFC3339))
	}
	if e.Code == CodePriceRaised {
		return fmt.Sprintf("%v: %s costs %s, and %s was %s; %s", ErrRefused, what, e.Required, e.Remaining, e.Limit, allowMore)
	}
	if e.Limit == byDefault {
		return fmt.Sprintf("%v: %s takes %s, and without a policy one call may take %s; %s", ErrRefused, what, e.Required, e.Remaining, allowMore)
	}
	return fmt.Sprintf("%v: %s takes %s, the limit for %s is %s", ErrRefused, what, e.Required, e.Limit, e.Remaining)
}

// Unwrap is [ErrRefused].
func (e *Error) Unwrap() error { return ErrRefused }

// ErrRefused says that the payer's own policy forbids a payment.
var ErrRefused = errors.New("refused by policy")
