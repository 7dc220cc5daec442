package agent

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/transfers"
	"github.com/chitpay/chit/vouchers"
)

// The codes of what else keeps a payment back. One that the server refused has x402's code
// instead.
const (
	CodeBalanceExhausted policy.Code = "balance_exhausted" // the channel does not cover the call
	CodeNoChannel        policy.Code = "no_channel"        // there is no money in a channel to the server
	CodeWalletEmpty      policy.Code = "wallet_empty"      // the payer's own account does not cover the deposit
	CodeNoAllowance      policy.Code = "no_allowance"      // the server takes Permit2, which the wallet has not approved
	CodeTooManyDoubts    policy.Code = "too_many_doubts"   // of too many transfers nobody knows what became of them
	CodeNoTerms          policy.Code = "no_acceptable_terms"
	CodeDishonest        policy.Code = "server_dishonest"   // the server's numbers are wrong
	CodeOldBook          policy.Code = "book_outdated"      // more was signed or claimed than the payer's book knows of
	CodeUnreached        policy.Code = "server_unreachable" // no connection was made: nothing was sent
	CodeUnwritten        policy.Code = "book_unwritten"     // the payer's book cannot be written
	CodeUnknownOutcome   policy.Code = "unknown_outcome"    // no answer came: the call may have been charged, once at most
)

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
		if comparing[policy.Code(p.Code)] {
			shown.Remaining = &p.Remaining
		}
	}
	return json.Marshal(shown)
}

// comparing are the codes of a payment that takes more than what there is for it.
var comparing = map[policy.Code]bool{
	policy.CodePerCallExceeded: true, policy.CodePriceRaised: true, policy.CodeBudgetExhausted: true, policy.CodeDepositExceeded: true, CodeBalanceExhausted: true,
}

const askOwner = "call a cheaper or a free tool, or ask the owner of the wallet"

// helps say what to do about the errors that have no numbers.
var helps = []struct {
	err  error
	code policy.Code
	help string
}{
	{book.ErrUnwritten, CodeUnwritten, "nothing more is paid until the owner of the wallet has made room for its book, or mended it"},
	{pay.ErrUnreached, CodeUnreached, "nothing was charged; call again later"},
	{pay.ErrUnknownOutcome, CodeUnknownOutcome, "the call may have run and been charged, once at most; call again only if running twice does no harm"},
	{account.ErrDishonest, CodeDishonest, "do not pay this server; tell the owner of the wallet"},
	{account.ErrOldBook, CodeOldBook, "do not pay this server; the owner of the wallet has to look at it: `chit recover`"},
	{book.ErrNoChannel, CodeNoChannel, "the owner of the wallet has to deposit first: `chit deposit AMOUNT`, or topUp in the profile"},
	{deposit.ErrFunds, CodeWalletEmpty, "the owner of the wallet has to send money to its address"},
	{transfers.ErrAllowance, CodeNoAllowance, "the owner of the wallet has to approve Permit2 for what is to be paid, or to pay another server"},
	{budget.ErrDoubts, CodeTooManyDoubts, "wait until the chain says what became of earlier payments; the owner of the wallet sees them with `chit budget`"},
	{policy.ErrTerms, CodeNoTerms, "this wallet cannot pay what the server asks; tell its owner"},
}

// Explain puts an error of a payment into a form for agents. It returns false for an
// error that has nothing to do with payments.
func Explain(err error) (Problem, bool) {
	var p Problem
	var forbidden *policy.Error
	var balance *account.BalanceError
	var refused *RefusedError
	switch {
	case errors.As(err, &forbidden):
		p = Problem{Code: string(forbidden.Code), Limit: forbidden.Limit, Required: forbidden.Required, Remaining: forbidden.Remaining, RetryAt: forbidden.RetryAt, Help: askOwner}
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
