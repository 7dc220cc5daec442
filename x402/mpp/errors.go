package mpp

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/x402"
)

// What can be wrong. Every error of this package wraps one of them; [ProblemOf] has the answer
// to each.
var (
	// ErrMalformed is what cannot be read: a [*x402.DecodeError] that names the place.
	ErrMalformed = errors.New("malformed MPP document")
	// ErrPayload is a credential whose challenge can be read and whose payload cannot.
	ErrPayload = errors.New("invalid payload of an MPP credential")
	// ErrUnsupported is a method, an intent or a type of credential that is not spoken here.
	ErrUnsupported = errors.New("unsupported MPP payment")
	// ErrForeign is a challenge that was not issued here, or was changed since, or was issued for
	// something else.
	ErrForeign = errors.New("invalid MPP challenge")
	// ErrExpired is a challenge, or an authorization, whose time is over.
	ErrExpired = errors.New("expired MPP challenge")
	// ErrMismatch is an authorization that does not pay what its challenge asks.
	ErrMismatch = errors.New("MPP payment verification failed")
)

func malformed(path, value, want string) error {
	e := x402.Malformed(path, value, want)
	e.Err = ErrMalformed
	return e
}

// within puts what package x402 found wrong in the member of a parent into this package's words.
func within(parent string, err, sentinel error) error {
	var e *x402.DecodeError
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	found := *e
	found.Err = sentinel
	switch {
	case found.Path == "":
		found.Path = parent
	case parent != "":
		found.Path = parent + "." + found.Path
	}
	return &found
}

func quoted(s string) string { return strconv.QuoteToASCII(s) }

// clip is [quoted] for a line of which it is not all.
func clip(s string) string { return quoted(plain.Clip(s)) }
