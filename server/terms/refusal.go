package terms

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Refusal is why a payment is not taken.
type Refusal struct {
	Code    x402.ErrorCode
	Detail  string
	Channel *ledger.Channel // what a client needs to recover, if it is known
	// Public says that of the channel only what is on chain is told.
	Public bool
	// Logged is the code in the log, where it says more than the standard's word; it may be empty.
	Logged string
	// Asks is what the payer is asked to show, nil if nothing.
	Asks *extension.AskedReceipt
	// Conflict says that the payment identifier is that of another payment or request.
	Conflict bool
}

// PriceDiffers is a payment that accepts less than the call costs: with other arguments,
// or since the price was raised. The standard has no word for it but that of a wrong
// ceiling, from which stock clients recover.
const PriceDiffers = "price_differs"

// InTheLog is the refusal's code in the log, and its level: what is asked and answered in the
// course of paying is nothing that an operator needs to see.
func (r *Refusal) InTheLog() (code string, level slog.Level) {
	switch {
	case r.Logged != "":
		return r.Logged, slog.LevelDebug
	case r.Code == x402.ErrPaymentRequired:
		return string(r.Code), slog.LevelDebug
	}
	return string(r.Code), slog.LevelInfo
}

// Unpaid is the refusal of a call that carries no payment: the terms.
var Unpaid = &Refusal{Code: x402.ErrPaymentRequired}

// Refuse is a refusal with a reason for people, which [fmt.Sprintf] makes of what follows.
func Refuse(code x402.ErrorCode, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// codes gives x402's word for each of the ledger's refusals.
var codes = []struct {
	err  error
	code x402.ErrorCode
}{
	{ledger.ErrChannelNotFound, x402.ErrChannelNotFound},
	{ledger.ErrChannelID, x402.ErrChannelIDMismatch},
	{ledger.ErrVoucherSignature, x402.ErrVoucherSignature},
	{ledger.ErrSignatureUnavailable, x402.ErrVerificationStateUnavailable},
	{ledger.ErrCeilingBelowClaimed, x402.ErrCumulativeBelowClaimed},
	{ledger.ErrCeilingBurnt, x402.ErrCumulativeAmountMismatch},
	{ledger.ErrCeilingMismatch, x402.ErrCumulativeAmountMismatch},
	{ledger.ErrCeilingAboveBalance, x402.ErrCumulativeExceedsBalance},
	{ledger.ErrInsufficientBalance, x402.ErrInsufficientBalance},
	{ledger.ErrWithdrawalPending, x402.ErrInsufficientBalance},
	{ledger.ErrChannelStopped, x402.ErrVerificationStateUnavailable},
	{ledger.ErrChannelFrozen, x402.ErrChannelBusy},
	{ledger.ErrChannelBusy, x402.ErrChannelBusy},
	{ledger.ErrTooManyInFlight, x402.ErrChannelBusy},
	{ledger.ErrIdentifier, x402.ErrPayload},
	{ledger.ErrIdentifierConflict, x402.ErrPayload},
	{ledger.ErrAnswerGone, x402.ErrCumulativeAmountMismatch},
	{ledger.ErrUnwatched, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrStoreFailed, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrStoreFull, x402.ErrVerificationStateUnavailable},
	{vouchers.ErrNotAttested, x402.ErrVerificationStateUnavailable},
}

// FromLedger puts an error of the ledger in x402's words.
func FromLedger(err error) *Refusal {
	if err == nil {
		return nil
	}
	refused := &Refusal{Code: x402.ErrVerificationStateUnavailable, Detail: toPayer(err), Conflict: errors.Is(err, ledger.ErrIdentifierConflict)}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			refused.Code = c.code
			break
		}
	}
	if errors.Is(err, ledger.ErrVoucherSignature) || errors.Is(err, ledger.ErrSignatureUnavailable) {
		return refused // a stranger is not told what explain tells
	}
	var of *ledger.Refusal
	if errors.As(err, &of) && of.State.ID != (vouchers.ChannelID{}) {
		refused.Channel = &of.State
		below := errors.Is(err, ledger.ErrCeilingBurnt) || errors.Is(err, ledger.ErrCeilingBelowClaimed)
		refused.Public = below && of.State.Burnt > 0
	}
	return refused
}

// States are what a client needs to recover. A stock client whose voucher is burnt is
// told to count from what is burnt, where it counts less than that, or else starts from
// what is claimed.
func (r *Refusal) States() (*x402.ChannelState, *x402.VoucherState) {
	if !r.Public {
		return channelState(*r.Channel), VoucherState(*r.Channel)
	}
	state, proof := PublicState(*r.Channel), VoucherState(*r.Channel)
	if state.ChargedCumulativeAmount == nil || proof == nil || r.Channel.Ceiling != r.Channel.Burnt {
		state.ChargedCumulativeAmount = nil
		return state, nil
	}
	return state, proof
}

// payersWords are what a payer is told of what is for the operator to know and mend.
var payersWords = []struct {
	err   error
	words string
}{
	{vouchers.ErrStoreFull, "the seller takes no payments at this moment, because it cannot write them down; nothing was charged: try again in some minutes"},
	{vouchers.ErrNotAttested, "the seller takes no payments at this moment, because it cannot sign their receipts; nothing was charged: try again in some minutes"},
	{vouchers.ErrStoreFailed, "the seller takes no payments at this moment, because it cannot write them down: try again later; the same payment is charged once at most"},
	{vouchers.ErrStoreClosed, "the seller is just ending: try again in a moment"},
	{ledger.ErrChannelStopped, "the seller has stopped this channel to look into claims from it that are not its own; nothing was charged: ask the seller, or take back what is left"},
}

// Plain says to strangers of an error what they can use.
func Plain(err error) error { return plainly{err} }

// plainly is an error that says to strangers what they can use.
type plainly struct{ error }

func (p plainly) Error() string { return toPayer(p.error) }

func (p plainly) Unwrap() error { return p.error }

// toPayer puts an error in words that a payer can use.
func toPayer(err error) string {
	for _, w := range payersWords {
		if errors.Is(err, w.err) {
			return w.words
		}
	}
	return err.Error()
}
