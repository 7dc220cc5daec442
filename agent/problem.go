package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/vouchers"
)

// Code says for machines why a payment was not made, or came to nothing.
type Code string

// The codes. A payment that the server refused has x402's code instead.
const (
	CodeServerNotAllowed Code = "server_not_allowed" // the policy does not let this server be paid
	CodeToolNotAllowed   Code = "tool_not_allowed"   // the policy does not let this tool be paid
	CodePerCallExceeded  Code = "per_call_exceeded"  // the call costs more than one call may
	CodePriceRaised      Code = "price_raised"       // the call costs more than was announced, or was last paid
	CodeBudgetExhausted  Code = "budget_exhausted"   // a budget does not cover the call
	CodeNotApproved      Code = "not_approved"       // the call costs so much that somebody must agree, and nobody did
	CodeDepositExceeded  Code = "deposit_exceeded"   // the deposit moves more than one may
	CodeBalanceExhausted Code = "balance_exhausted"  // the channel does not cover the call
	CodeNoChannel        Code = "no_channel"         // there is no money in a channel to the server
	CodeWalletEmpty      Code = "wallet_empty"       // the payer's own account does not cover the deposit
	CodeNoTerms          Code = "no_acceptable_terms"
	CodeDishonest        Code = "server_dishonest"   // the server's numbers are wrong
	CodeOldBook          Code = "book_outdated"      // more was signed or claimed than the payer's book knows of
	CodeUnreached        Code = "server_unreachable" // no connection was made: nothing was sent
	CodeUnwritten        Code = "book_unwritten"     // the payer's book cannot be written
	CodeUnknownOutcome   Code = "unknown_outcome"    // no answer came: the call may have been charged, once at most
)

// PolicyError is a payment that the payer's own [Policy] forbids; it wraps [ErrPolicy].
type PolicyError struct {
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
func (e *PolicyError) Error() string {
	what := "a call of " + e.Tool
	if e.Tool == "" {
		what = "a deposit"
	}
	switch e.Code {
	case CodeServerNotAllowed:
		return fmt.Sprintf("%v: payments to %s are not allowed", ErrPolicy, e.Server)
	case CodeToolNotAllowed:
		return fmt.Sprintf("%v: payments for %s are not allowed", ErrPolicy, e.Tool)
	case CodeBudgetExhausted:
		until := ""
		if !e.RetryAt.IsZero() {
			until = " until " + e.RetryAt.Format(time.RFC3339)
		}
		return fmt.Sprintf("%v: %s costs %s, the budget for %s has %s left%s", ErrPolicy, what, e.Required, e.Limit, e.Remaining, until)
	}
	if e.Limit == topUpLimit {
		return fmt.Sprintf("%v: %s takes %s, and %s have %s left until %s; allow more there, or deposit by hand: `chit deposit AMOUNT`",
			ErrPolicy, what, e.Required, e.Limit, e.Remaining, e.RetryAt.Format(time.RFC3339))
	}
	if e.Code == CodePriceRaised {
		return fmt.Sprintf("%v: %s costs %s, and %s was %s; %s", ErrPolicy, what, e.Required, e.Remaining, e.Limit, allowMore)
	}
	if e.Limit == byDefault {
		return fmt.Sprintf("%v: %s takes %s, and without a policy one call may take %s; %s", ErrPolicy, what, e.Required, e.Remaining, allowMore)
	}
	return fmt.Sprintf("%v: %s takes %s, the limit for %s is %s", ErrPolicy, what, e.Required, e.Limit, e.Remaining)
}

// Unwrap is [ErrPolicy].
func (e *PolicyError) Unwrap() error { return ErrPolicy }

// Problem is an error of a payment in a form that an agent can read and act on.
// Amounts are atomic units.
type Problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Limit is the rule of the payer's policy that forbids the payment; empty if none does.
	Limit string `json:"limit,omitempty"`
	// Required is what the payment takes, and Remaining what there is for it; both are 0, and
	// absent in JSON, where money is not the problem.
	Required  vouchers.Amount `json:"required"`
	Remaining vouchers.Amount `json:"remaining"`
	// RetryAt is when the same call may be paid; absent is never, as things stand.
	RetryAt time.Time `json:"retryAt,omitzero"`
	// Help is what the agent can do about it.
	Help string `json:"help"`
}

// MarshalJSON leaves the amounts out where they are not the problem. What a server refuses
// has a price, and nothing that remains.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	shown := struct {
		plain
		Required  *vouchers.Amount `json:"required,omitempty"`
		Remaining *vouchers.Amount `json:"remaining,omitempty"`
	}{plain: plain(p)}
	if p.Required > 0 {
		shown.Required = &p.Required
		if comparing[Code(p.Code)] {
			shown.Remaining = &p.Remaining
		}
	}
	return json.Marshal(shown)
}

// comparing are the codes of a payment that takes more than what there is for it.
var comparing = map[Code]bool{
	CodePerCallExceeded: true, CodePriceRaised: true, CodeBudgetExhausted: true, CodeDepositExceeded: true, CodeBalanceExhausted: true,
}

const askOwner = "call a cheaper or a free tool, or ask the owner of the wallet"

// helps say what to do about the errors that have no numbers.
var helps = []struct {
	err  error
	code Code
	help string
}{
	{ErrUnwritten, CodeUnwritten, "nothing more is paid until the owner of the wallet has made room for its book, or mended it"},
	{ErrUnreached, CodeUnreached, "nothing was charged; call again later"},
	{ErrUnknownOutcome, CodeUnknownOutcome, "the call may have run and been charged, once at most; call again only if running twice does no harm"},
	{account.ErrDishonest, CodeDishonest, "do not pay this server; tell the owner of the wallet"},
	{account.ErrOldBook, CodeOldBook, "do not pay this server; the owner of the wallet has to look at it: `chit recover`"},
	{ErrNoChannel, CodeNoChannel, "the owner of the wallet has to deposit first: `chit deposit AMOUNT`, or topUp in the profile"},
	{ErrFunds, CodeWalletEmpty, "the owner of the wallet has to send money to its address"},
	{ErrTerms, CodeNoTerms, "this wallet cannot pay what the server asks; tell its owner"},
}

// Explain puts an error of a payment into a form for agents. It returns false for an
// error that has nothing to do with payments.
func Explain(err error) (Problem, bool) {
	var p Problem
	var policy *PolicyError
	var balance *account.BalanceError
	var refused *RefusedError
	switch {
	case errors.As(err, &policy):
		p = Problem{Code: string(policy.Code), Limit: policy.Limit, Required: policy.Required, Remaining: policy.Remaining, RetryAt: policy.RetryAt, Help: askOwner}
	case errors.As(err, &balance):
		p = Problem{Code: string(CodeBalanceExhausted), Required: balance.Required, Remaining: balance.Remaining, Help: askOwner + " to deposit more: `chit deposit AMOUNT`"}
	default:
		for _, known := range helps {
			if errors.Is(err, known.err) {
				p = Problem{Code: string(known.code), Help: known.help}
				break
			}
		}
		if p.Code == "" && errors.As(err, &refused) {
			p = Problem{Code: string(refused.Code), Required: refused.Price, Help: "the server does not take this payment; try again later, or tell the owner of the wallet"}
		}
	}
	p.Message = err.Error()
	return p, p.Code != ""
}
