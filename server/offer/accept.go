package offer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The ways to pay that a shop can name in its [Accept]. Credit tokens are taken in any case.
const (
	// BatchSettlement pays with vouchers of a channel.
	BatchSettlement = "batch-settlement"
	// Upto pays what a call has cost with one transfer a call, up to what was signed.
	Upto = "upto"
	// Exact pays with one signed transfer a call.
	Exact = "exact"
	// MPP is Exact in the envelope of the Machine Payments Protocol.
	MPP = "mpp"
)

var acceptable = []string{BatchSettlement, Upto, Exact, MPP}

// ErrAccept says that a list of ways to pay is none.
var ErrAccept = errors.New("not a list of ways to pay")

// Accept are the ways to pay that are offered, the seller's favourite first: stock clients take
// the first that they know. Empty is what the shop as a whole accepts, and for a shop
// [BatchSettlement] alone.
type Accept []string

// Check refuses what is no way to pay, or named twice, with an error that wraps [ErrAccept].
func (a Accept) Check() error {
	for i, name := range a {
		if !slices.Contains(acceptable, name) {
			return fmt.Errorf("%w: %.40q, want some of %s", ErrAccept, name, strings.Join(acceptable, ", "))
		}
		if slices.Contains(a[:i], name) {
			return fmt.Errorf("%w: %s is named twice", ErrAccept, name)
		}
	}
	return nil
}

// Or is the list itself, or another where it is empty.
func (a Accept) Or(other Accept) Accept {
	if len(a) == 0 {
		return other
	}
	return a
}

// Takes reports whether a way to pay is in the list; an empty one takes [BatchSettlement].
func (a Accept) Takes(way string) bool {
	if len(a) == 0 {
		return way == BatchSettlement
	}
	return slices.Contains(a, way)
}
