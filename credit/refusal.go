package credit

import (
	"errors"
	"fmt"
	"time"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Code says for machines why a token does not pay for a call.
type Code string

// The codes.
const (
	CodeInvalidToken     Code = "invalid_token"      // not a token of this server, or changed
	CodeExpired          Code = "expired"            // its time is over
	CodeNotYetValid      Code = "not_yet_valid"      // its time has not come
	CodeRevoked          Code = "revoked"            // it, or one that it was made of, was revoked
	CodeToolNotAllowed   Code = "tool_not_allowed"   // it is for other tools
	CodePerCallExceeded  Code = "per_call_exceeded"  // the call costs too much
	CodeBudgetExhausted  Code = "budget_exhausted"   // a budget does not cover the call
	CodeCallsExhausted   Code = "calls_exhausted"    // its calls are used up
	CodeRateLimited      Code = "rate_limited"       // too much in this period
	CodeBalanceExhausted Code = "balance_exhausted"  // the channel does not cover the call
	CodeTooManyTokens    Code = "too_many_subtokens" // the grant has too many tokens in use
	CodeBusy             Code = "busy"               // the channel takes no call right now
	CodeUnavailable      Code = "unavailable"        // the server can not write

	CodeInvalidIdentifier  Code = "invalid_identifier"  // of the call: too long, or not visible ASCII
	CodeIdentifierConflict Code = "identifier_conflict" // another call of the token has it
	CodeAnswerGone         Code = "answer_gone"         // the call was paid for, and its answer too long to keep, or paid for in parts and broken off
)

// RefusalType is what the type of a refusal begins with that a server sends, before the code.
const RefusalType = "urn:chit:credit:"

// Refusal is why a token does not pay for a call.
type Refusal struct {
	Code Code `json:"code"`
	// Caveat is the text of the caveat that refused, empty if none did.
	Caveat string `json:"caveat,omitempty"`
	// Required is what the call needs and Remaining what there is, in atomic units, or
	// in calls for [CodeCallsExhausted]. Where money is not the reason both are 0.
	Required  vouchers.Amount `json:"required,omitzero"`
	Remaining vouchers.Amount `json:"remaining,omitzero"`
	// Granted says that the caveat is the grant's own budget, which a top-up raises.
	Granted bool `json:"-"`
	// RetryAfter is when the same call may be taken; 0 is never, as it stands.
	RetryAfter time.Duration `json:"-"`
	// Err is the cause, if there is one beside the code.
	Err error `json:"-"`
}

// Error says the code, the caveat and the amounts. It never quotes a token.
func (r *Refusal) Error() string {
	text := "credit token refused: " + string(r.Code)
	if r.Caveat != "" {
		text += " by " + plain.Clip(r.Caveat)
	}
	switch {
	case r.Code == CodeCallsExhausted:
		text += fmt.Sprintf(": %d calls are left", uint64(r.Remaining))
	case r.Required != 0:
		text += fmt.Sprintf(": the call costs %s, %s are left", r.Required, r.Remaining)
	}
	if r.RetryAfter > 0 {
		text += fmt.Sprintf("; try again in %s", r.RetryAfter)
	}
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// isFinal reports whether no call will ever be taken.
func (r *Refusal) isFinal() bool { return r.Code == CodeExpired || r.Code == CodeRevoked }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// ledgerCodes gives the code for each of the ledger's refusals.
var ledgerCodes = []struct {
	err   error
	code  Code
	retry time.Duration
}{
	{ledger.ErrInsufficientBalance, CodeBalanceExhausted, 0},
	{ledger.ErrWithdrawalPending, CodeBalanceExhausted, 0},
	{ledger.ErrCeilingMismatch, CodeBalanceExhausted, 0},
	{ledger.ErrChannelNotFound, CodeBalanceExhausted, 0},
	{ledger.ErrUnwatched, CodeBusy, 10 * time.Second},
	{ledger.ErrChannelFrozen, CodeBusy, time.Second},
	{ledger.ErrTooManyInFlight, CodeBusy, time.Second},
	{ledger.ErrIdentifierConflict, CodeIdentifierConflict, 0},
	{ledger.ErrAnswerGone, CodeAnswerGone, 0},
}

// fromLedger puts a refusal of the ledger in the words of tokens.
func fromLedger(err error, price vouchers.Amount) *Refusal {
	for _, known := range ledgerCodes {
		if !errors.Is(err, known.err) {
			continue
		}
		r := &Refusal{Code: known.code, RetryAfter: known.retry, Err: err}
		var refused *ledger.Refusal
		if errors.As(err, &refused) && known.code == CodeBalanceExhausted {
			r.Required, r.Remaining = price, min(refused.Available, refused.State.Aside)
		}
		return r
	}
	return &Refusal{Code: CodeUnavailable, Err: err}
}
