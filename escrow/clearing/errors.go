package clearing

import "errors"

// What callers branch on.
var (
	// ErrUnknown says that it is not known yet what becomes of a payment: it may still settle.
	// Who submits the same payment again learns it.
	ErrUnknown = errors.New("it is not known yet whether the payment settles")
	// ErrRejected says that the chain does not take a transfer as things are. It is tried again
	// until it expires.
	ErrRejected = errors.New("the chain refuses the transfer")
	// ErrConflict says that another payment was submitted under the same authorization.
	ErrConflict = errors.New("another payment has this authorization")
	// ErrBusy says that as many payments wait as may.
	ErrBusy = errors.New("too many payments wait to be settled")
	// ErrNoGas says that no key can pay for gas.
	ErrNoGas = errors.New("no account of the seller's can pay for gas")
	// ErrPayment says that a payment is none that can be taken: of another chain, over nothing
	// or over more than is authorized, for a sender that is not here, expired, or good for longer than
	// [MaxValidity].
	ErrPayment = errors.New("this payment cannot be taken")
	// ErrRecord says that a record of the store cannot be read.
	ErrRecord = errors.New("unreadable record of a payment")
)
