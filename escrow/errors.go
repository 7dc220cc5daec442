package escrow

import (
	"errors"
	"fmt"
)

// What callers branch on.
var (
	// ErrUntrusted says that an escrow or a collector is none that a payer may pay into.
	ErrUntrusted = errors.New("untrusted escrow")
	// ErrNothingToWithdraw says that a channel has no unclaimed balance, or no withdrawal to finish.
	ErrNothingToWithdraw = errors.New("nothing to withdraw")

	// ErrClaims says that claims cannot be one batch.
	ErrClaims = errors.New("these claims are not one batch")
	// ErrSkipped says that the escrow passed a claim over; its reason is one of
	// Stale, ExceedsCeiling, ExceedsBalance and InvalidSignature.
	ErrSkipped = errors.New("the escrow skips the claim")

	// ErrStale is the kind of [ErrSkipped] whose claim adds nothing: it was made before.
	ErrStale = fmt.Errorf("%w: Stale", ErrSkipped)
	// ErrUnpayable says that the token does not pay the receiver. What is claimed for it
	// stays in the escrow until it does.
	ErrUnpayable = errors.New("the token does not pay the receiver")

	errUnexpectedAnswer = errors.New("unexpected answer from the contract")
)

func errOr(err, fallback error) error {
	if err != nil {
		return err
	}
	return fallback
}
