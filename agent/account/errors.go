package account

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// BalanceError is a call that a channel cannot pay; it wraps [ErrBalance].
type BalanceError struct {
	// Required is what the call takes, Remaining what the channel has for it, and
	// Balance all that was deposited, in atomic units.
	Required, Remaining, Balance vouchers.Amount
}

// Error says what is missing.
func (e *BalanceError) Error() string {
	return fmt.Sprintf("%v: the call costs %s, %s of %s are left; deposit more with `chit deposit`", ErrBalance, e.Required, e.Remaining, e.Balance)
}

// Unwrap is [ErrBalance].
func (e *BalanceError) Unwrap() error { return ErrBalance }

// ErrBalance says that a channel has not enough left.
var ErrBalance = errors.New("channel balance too low")

// ErrDishonest says that a server's numbers contradict what the client signed and was charged.
var ErrDishonest = errors.New("the server's numbers are wrong")

// ErrOldBook says that more was signed, or claimed on chain, than the channel book knows of.
var ErrOldBook = errors.New("the channel book does not know of it")
