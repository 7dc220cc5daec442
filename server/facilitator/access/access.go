package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/chitpay/chit/server/facilitator"
	"github.com/chitpay/chit/vouchers"
)

// Bucket is the bucket of the facilitator's store in which the sums of the day are.
const Bucket = "access"

// Access admits who has a key. It is safe for concurrent use.
type Access struct {
	callers []*caller
	bucket  vouchers.Bucket
	now     func() time.Time
}

var _ facilitator.Access = (*Access)(nil)

// Open returns the access by keys, at least one, with the sums of the day that the store holds. now
// is time.Now where it is nil. Errors wrap [ErrKey] where the keys do not go together.
func Open(store vouchers.Store, keys []Key, now func() time.Time) (*Access, error) {
	if err := Check(keys); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrKey)
	}
	if now == nil {
		now = time.Now
	}
	a := &Access{bucket: store.Bucket(Bucket), now: now}
	for _, k := range keys {
		c := newCaller(k, a)
		if err := c.load(); err != nil {
			return nil, err
		}
		a.callers = append(a.callers, c)
	}
	return a, a.sweep()
}

// Admit counts a call of the key that the request brings. Errors wrap [facilitator.ErrUnauthorized]
// or [facilitator.ErrLimit].
func (a *Access) Admit(r *http.Request) (facilitator.Caller, error) {
	c := a.find(r)
	if c == nil {
		return nil, facilitator.ErrUnauthorized
	}
	if err := c.call(); err != nil {
		return nil, err
	}
	return c, nil
}

// Watch admits who reads the metrics. Errors wrap [facilitator.ErrUnauthorized] or
// [facilitator.ErrForbidden].
func (a *Access) Watch(r *http.Request) error {
	switch c := a.find(r); {
	case c == nil:
		return facilitator.ErrUnauthorized
	case !c.key.Watches:
		return fmt.Errorf("%w: it does not read the metrics", facilitator.ErrForbidden)
	}
	return nil
}

// find is whose key a request brings, nil if nobody's. It takes as long whichever key it is.
func (a *Access) find(r *http.Request) (found *caller) {
	secret := bearer(r.Header.Get("Authorization"))
	if secret == "" {
		return nil
	}
	hash := sha256.Sum256([]byte(secret))
	for _, c := range a.callers {
		if subtle.ConstantTimeCompare(hash[:], c.key.Hash[:]) == 1 {
			found = c
		}
	}
	return found
}

// Spent counts gas, in gas units, that a payment of an earlier process has used. That of a key
// which is there no more is nobody's.
func (a *Access) Spent(name, network string, gas uint64) {
	for _, c := range a.callers {
		if c.key.Name == name {
			c.spend(network, gas)
		}
	}
}

// Close writes the sums of the day. The store stays the caller's to close.
func (a *Access) Close(ctx context.Context) error {
	var all []error
	for _, c := range a.callers {
		all = append(all, c.write().Wait(ctx))
	}
	return errors.Join(all...)
}

// Usage is what a key has used.
type Usage struct {
	Name string
	Limits
	// Calls are those of today, in UTC.
	Calls uint64
	// Gas is that of today on each chain, Reserved what is set aside there for payments under way,
	// and Total what was used since the process began, all in gas units.
	Gas, Reserved, Total map[string]uint64
}

// Usage is that of each key, in the order of the keys.
func (a *Access) Usage() []Usage {
	all := make([]Usage, len(a.callers))
	for i, c := range a.callers {
		all[i] = c.usage()
	}
	return all
}
