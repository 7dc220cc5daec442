package facilitator

import (
	"errors"
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Why an [Access] says no. Every other error of its is an internal one, which callers are not told.
var (
	// ErrUnauthorized says that a request names nobody who may ask.
	ErrUnauthorized = errors.New("no key that this facilitator knows")
	// ErrForbidden says that a caller may not ask for this.
	ErrForbidden = errors.New("this key may not do that")
	// ErrLimit says that a caller has used up a limit of its own; see [LimitError].
	ErrLimit = errors.New("the limit of this key is used up")
)

// LimitError is an [ErrLimit] that says when to come back.
type LimitError struct {
	// What says which limit it is, for the caller to read.
	What string
	// RetryAfter is when there is room again, from now on; 0 is not known.
	RetryAfter time.Duration
}

// Error says which limit is used up.
func (e *LimitError) Error() string { return ErrLimit.Error() + ": " + e.What }

// Unwrap is [ErrLimit].
func (e *LimitError) Unwrap() error { return ErrLimit }

// Access says who may use a facilitator, and for how much. It is asked from many goroutines at once.
type Access interface {
	// Admit says whose request this is, before anything of its body is read: it counts a call.
	// Errors wrap [ErrUnauthorized], [ErrForbidden] or [ErrLimit].
	Admit(r *http.Request) (Caller, error)
	// Spent counts gas that a settlement has used, in gas units, whose reservation was made by an
	// earlier process. The name is that of its [Caller].
	Spent(caller, network string, gas uint64)
}

// Caller is who asks.
type Caller interface {
	// Name tells callers apart in logs, metrics and the store. It is no secret, and at most 64 bytes.
	Name() string
	// Reserve sets gas aside for one settlement on a chain, named as in "eip155:8453". The facilitator
	// calls done once, when it is known what the settlement has used, which may be long after the
	// request: 0 where nothing was sent. Errors wrap [ErrLimit] or [ErrForbidden], and nothing is set
	// aside then.
	Reserve(network string, gas uint64) (done func(used uint64), err error)
	// SignsFor reports whether the facilitator's authorizer ([Chain.Authorizer]) signs claims and
	// refunds of this receiver's channels at the caller's word.
	SignsFor(receiver common.Address) bool
}

// everybody is the access of a facilitator that has none: whoever reaches it may ask, and its
// authorizer signs for nobody.
type everybody struct{}

func (everybody) Admit(*http.Request) (Caller, error) { return stranger{}, nil }
func (everybody) Spent(string, string, uint64)        {}

// stranger is anybody.
type stranger struct{}

func (stranger) Name() string                                 { return "" }
func (stranger) Reserve(string, uint64) (func(uint64), error) { return func(uint64) {}, nil }
func (stranger) SignsFor(common.Address) bool                 { return false }
