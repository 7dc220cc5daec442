package facilitator

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	v1 "github.com/chitpay/chit/x402/v1"
)

// answer is what a request is answered with.
type answer struct {
	status int
	body   any
	header http.Header // beside the usual; nil is none

	// What follows is for the log and the metrics.
	scheme, network string
	refused         x402.ErrorCode
}

// verification is the answer to POST /verify.
type verification struct {
	IsValid        bool           `json:"isValid"`
	InvalidReason  x402.ErrorCode `json:"invalidReason,omitzero"`
	InvalidMessage string         `json:"invalidMessage,omitzero"`
	Payer          common.Address `json:"payer,omitzero"`
	// Extra is where the channel stands; nil is absent.
	Extra any `json:"extra,omitzero"`
}

// CodeLimit is the reason, which is not the standard's, that a caller has used up its own limits.
const CodeLimit x402.ErrorCode = "facilitator_limit"

// serve admits a request, answers it and tells of it.
func (f *Facilitator) serve(answers func(http.ResponseWriter, *http.Request, Caller) *answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := f.options.Now()
		caller, err := f.options.Access.Admit(r)
		var a *answer
		name := ""
		if err != nil {
			a = f.unadmitted(err)
		} else {
			name = caller.Name()
			a = answers(w, r, caller)
		}
		f.write(w, a)
		f.options.Served(Event{
			Path: r.URL.Path, Status: a.status, Caller: name, Scheme: a.scheme, Network: a.network, Refused: a.refused, Took: f.options.Now().Sub(began),
		})
	}
}

func (f *Facilitator) write(w http.ResponseWriter, a *answer) {
	raw, err := x402.Write(a.body)
	if err != nil {
		f.options.Logger.Error("encode an answer", "error", err)
		door.WriteProblem(w, http.StatusInternalServerError, "the answer cannot be written")
		return
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(raw) // the caller has gone: nobody is left to tell
}

// unadmitted answers a request of nobody who may ask.
func (f *Facilitator) unadmitted(err error) *answer {
	a := &answer{status: http.StatusInternalServerError, body: door.Problem{Error: "it cannot be told who asks; try again"}, header: http.Header{}}
	switch {
	case errors.Is(err, ErrUnauthorized):
		a.status, a.body = http.StatusUnauthorized, door.Problem{Error: ErrUnauthorized.Error()}
		a.header.Set("Www-Authenticate", "Bearer")
	case errors.Is(err, ErrForbidden):
		a.status, a.body = http.StatusForbidden, door.Problem{Error: err.Error()}
	case errors.Is(err, ErrLimit):
		a.status, a.body = http.StatusTooManyRequests, door.Problem{Error: err.Error()}
		retryAfter(a.header, err)
	default:
		f.options.Logger.Error("tell who asks", "error", err)
	}
	return a
}

// retryAfter says when to come back, where that is known.
func retryAfter(header http.Header, err error) {
	var limit *LimitError
	if errors.As(err, &limit) && limit.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(limit.RetryAfter.Seconds()))))
	}
}

// taken reads the request. Where it has none to answer, the answer says why.
func (f *Facilitator) taken(w http.ResponseWriter, r *http.Request, refuse func(*request, int, *terms.Refusal) *answer) (asked *request, digest [32]byte, a *answer) {
	held, err := f.door.Hold(w, r, f.options.Limits.Body)
	defer held.Release() // what is read of it is copied
	if err != nil {
		status := http.StatusBadRequest
		switch {
		case errors.Is(err, door.ErrBodyTooLarge):
			status = http.StatusRequestEntityTooLarge
			f.met.Add("body")
		case errors.Is(err, door.ErrBodiesFull):
			status = http.StatusServiceUnavailable
			f.met.Add("bodies")
		case errors.Is(err, door.ErrBodyLate):
			status = http.StatusRequestTimeout
			f.met.Add("bodyTime")
		}
		w.Header().Set("Connection", "close")
		return nil, digest, refuse(&request{version: x402.Version}, status, terms.Refuse(x402.ErrPayload, "%v", err))
	}
	asked, refused := readRequest(held.Bytes(), f.options.Limits)
	if asked == nil {
		return nil, digest, refuse(&request{version: x402.Version}, http.StatusBadRequest, refused)
	}
	if refused != nil {
		return nil, digest, refuse(asked, statusOf(refused.Code), refused)
	}
	return asked, sha256.Sum256(held.Bytes()), nil
}

// statusOf is 400 for what cannot be read, and 200 for a payment that is read and refused.
func statusOf(code x402.ErrorCode) int {
	switch code {
	case x402.ErrPayload, x402.ErrX402Version, x402.ErrPaymentRequirements:
		return http.StatusBadRequest
	}
	return http.StatusOK
}

// invalid is the answer that a payment is not good.
func (f *Facilitator) invalid(r *request, status int, refused *terms.Refusal) *answer {
	a := f.about(r, status, verification{InvalidReason: refused.Code, InvalidMessage: refused.Detail, Payer: r.payer()})
	a.refused = refused.Code
	return a
}

// unsettled is the answer that a payment was not settled.
func (f *Facilitator) unsettled(r *request, status int, refused *terms.Refusal) *answer {
	return f.told(r, status, x402.SettlementResponse{ErrorReason: refused.Code, ErrorMessage: refused.Detail})
}

// told is the answer that says what became of a payment.
func (f *Facilitator) told(r *request, status int, response x402.SettlementResponse) *answer {
	response.Network = r.terms.Network
	if response.Payer == (common.Address{}) {
		response.Payer = r.payer()
	}
	a := f.about(r, status, response)
	if r.version == v1.Version {
		a.body = v1.Response(&response)
	}
	a.refused = response.ErrorReason
	return a
}

// about names the scheme and the chain of an answer, where they are among those that are served.
func (f *Facilitator) about(r *request, status int, body any) *answer {
	a := &answer{status: status, body: body}
	if p := f.named[r.terms.Network]; p != nil {
		a.network = p.network
		switch r.terms.Scheme {
		case x402.SchemeExact, x402.SchemeUpto, x402.SchemeBatchSettlement:
			a.scheme = r.terms.Scheme
		}
	}
	return a
}

// limited is the answer to a caller whose limits do not allow a settlement, or to whom nobody can
// say at the moment.
func (f *Facilitator) limited(r *request, err error) *answer {
	status, code, text := http.StatusTooManyRequests, CodeLimit, err.Error()
	switch {
	case errors.Is(err, ErrForbidden):
		status = http.StatusForbidden
	case !errors.Is(err, ErrLimit):
		f.options.Logger.Error("set gas aside", "error", err)
		status, code, text = http.StatusInternalServerError, x402.ErrUnexpectedSettle, "gas cannot be set aside; nothing was sent: try again"
	}
	a := f.unsettled(r, status, terms.Refuse(code, "%s", text))
	a.header = http.Header{}
	retryAfter(a.header, err)
	return a
}

// within bounds how long an answer waits. The work goes on when its caller is gone.
func (f *Facilitator) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), f.options.Limits.Wait, fmt.Errorf("%s have passed", f.options.Limits.Wait.Round(time.Millisecond)))
	stop := context.AfterFunc(f.life, cancel)
	return ctx, func() { stop(); cancel() }
}
