package ledger

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// What a payment is refused with, one a rule. The error that Reserve returns is a
// [*Refusal] for which errors.Is finds one of these.
var (
	ErrChannelNotFound      = errors.New("no such channel")
	ErrChannelID            = errors.New("the channel id is not that of the config")
	ErrVoucherSignature     = errors.New("the voucher is not signed by the channel's voucher signer")
	ErrSignatureUnavailable = errors.New("the payer's contract could not be asked whether it signed the voucher")
	ErrCeilingBelowClaimed  = errors.New("the voucher's ceiling is below what was claimed already")
	ErrCeilingBurnt         = errors.New("the voucher's ceiling is not above what was put on chain, where anybody can read it")
	ErrCeilingMismatch      = errors.New("the voucher's ceiling does not pay for this call")
	ErrCeilingAboveBalance  = errors.New("the voucher's ceiling is above the channel's balance")
	ErrInsufficientBalance  = errors.New("the channel's balance does not cover this call")
	ErrWithdrawalPending    = errors.New("a withdrawal from the channel is pending")
	ErrUnwatched            = errors.New("the chain has not been seen for too long to know of withdrawals")
	ErrChannelStopped       = errors.New("the channel is stopped: another program with the seller's key has taken from it")
	ErrChannelFrozen        = errors.New("the channel is frozen for a refund")
	ErrChannelBusy          = errors.New("the channel has calls in flight")
	ErrTooManyInFlight      = errors.New("too many calls of the channel are in flight")
	ErrIdentifier           = errors.New("malformed payment identifier")
	ErrIdentifierConflict   = errors.New("the payment identifier was used for another payment")
	ErrAnswerGone           = errors.New("this payment was answered already, and the answer is no longer kept")
)

// Errors of the use of a [Reservation].
var (
	// ErrReservationEnded is what Commit and Part answer after the reservation was
	// committed or released, or its context has ended.
	ErrReservationEnded = errors.New("the reservation has ended")
	// ErrOvercharge is what Commit and Part answer to a charge above what is left of the
	// reserved price.
	ErrOvercharge = errors.New("the charge is above the reserved price")
)

// Refusal says why a payment is not accepted, and where the channel stands, so
// that a payer with a stale view can sign again.
type Refusal struct {
	// Err is the rule: one of the sentinels of this package, or an error of the store.
	Err error
	// State is the channel after whatever the refusal waited for; its ID is zero if
	// the channel is not known.
	State Channel
	// Required and Available are in atomic units: what the call needs and what
	// there is, where the rule compares amounts.
	Required, Available vouchers.Amount
	// Detail says in words what Err leaves out; it may be empty.
	Detail string
}

// Error says the rule, the amounts and the detail.
func (r *Refusal) Error() string {
	text := r.Err.Error()
	if r.Required != 0 || r.Available != 0 {
		text += fmt.Sprintf(": required %s, available %s", r.Required, r.Available)
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

// Unwrap returns the rule.
func (r *Refusal) Unwrap() error { return r.Err }
