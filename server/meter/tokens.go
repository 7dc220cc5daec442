package meter

import (
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/server/meter/dialect"
	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

// Why a request is not sold by the token, beside [dialect.ErrRequest].
var (
	ErrModel     = errors.New("this model is not sold here")
	ErrNoCeiling = errors.New("nothing says what the call costs at most: limit its answer, and send no more than text, or ask the seller to announce a maximum")
)

// Tokens meter one call of an API by its tokens. It is safe for concurrent use.
type Tokens struct {
	Dialect *dialect.Dialect
	Models  rates.Table
	// Max is the most that a call costs, announced by the seller, in atomic USDC; 0 is none.
	Max vouchers.Amount
}

// Call is a request whose tokens are metered.
type Call struct {
	dialect.Ask
	// Ceiling is the most that the call costs, in atomic USDC.
	Ceiling vouchers.Amount

	dialect *dialect.Dialect
	rates   rates.Rates
	prompt  uint64 // bytes of it, and more: those of the request
	cut     bool   // by the ceiling, since nothing else limits the answer to it
}

// Ask reads the body of a request. Errors wrap [dialect.ErrRequest], [ErrModel] or [ErrNoCeiling];
// [Refuse] says them to the caller.
func (t *Tokens) Ask(body []byte) (*Call, error) {
	ask, err := t.Dialect.Ask(body)
	if err != nil {
		return nil, err
	}
	r, sold := t.Models.Find(ask.Model)
	if !sold {
		return nil, fmt.Errorf("%w: %q", ErrModel, plain.Clip(ask.Model))
	}
	call := &Call{Ask: ask, dialect: t.Dialect, rates: r, prompt: uint64(len(body))}
	if ask.Bounded {
		call.Ceiling = r.Most(ask.In, ask.Out)
	} else {
		call.Out = math.MaxUint64
	}
	switch {
	case t.Max > 0 && (!ask.Bounded || call.Ceiling > t.Max):
		call.Ceiling, call.cut = t.Max, true
	case !ask.Bounded:
		return nil, ErrNoCeiling
	}
	return call, nil
}

// Refuse says an error of [Tokens.Ask] as the API does: the status, and the JSON.
func (t *Tokens) Refuse(err error) (status int, body []byte) {
	status = http.StatusBadRequest
	if errors.Is(err, ErrModel) {
		status = http.StatusNotFound
	}
	return status, t.Dialect.Refuse(dialect.Refusal{Status: status, Message: err.Error()})
}
