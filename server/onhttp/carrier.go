package onhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
)

// An [onHTTP] is the carrier of its sale: what follows is how it is asked for and answered.

func (on *onHTTP) Request() [32]byte { return on.fingerprint }

func (on *onHTTP) Resource() string { return on.described().URL }

// Serve makes the request, holds its answer back, and reads its meter.
func (on *onHTTP) Serve(ctx context.Context, b *sale.Bill) (*heldAnswer, sale.Ending) {
	on.r.Body = door.Again(on.body)
	if on.offer.Stream != nil {
		return on.stream(b.Metering(ctx), b)
	}
	answer := on.seller.record(on.next, on.r.WithContext(b.Metering(ctx)))
	if on.rate.Metered {
		b.Meter.ReadHeader(answer.Head)
	}
	answer = answer.disown()
	return answer, endingOfAnswer(ctx, answer)
}

// Sells does not charge an answer that the shop has made itself, in the place of one that
// broke off or is too long, unless the client has cancelled it.
func (on *onHTTP) Sells(end sale.Ending, answer *heldAnswer) (*heldAnswer, bool) {
	if end == sale.Cancelled && answer.ours {
		return ownAnswer(sale.CancelledText), true
	}
	return answer, !answer.ours
}

func (on *onHTTP) Note(t sale.Told) (sale.Added[*heldAnswer], error) {
	all := http.Header{}
	var err error
	switch {
	case t.Short != nil:
		all.Set(short.HeaderPaid, t.Short.Encode())
	case on.credential != nil:
		paid := envelope.Receipt(&t.Response, on.credential, time.Now())
		receipt, err := paid.Header()
		if err != nil {
			return nil, err
		}
		all.Set(mpp.HeaderReceipt, receipt)
	case on.speaksFirst():
		err = noteFirst(all, &t.Response)
	default:
		var response string
		response, err = x402.EncodeHeader(&t.Response)
		all.Set(x402.HeaderPaymentResponse, response)
	}
	if t.Token != nil {
		all.Set(HeaderCreditGrant, t.Token.Grant.String())
		all.Set(HeaderCreditRemaining, t.Token.Remaining.Atomic())
	}
	return headers(all), err
}

func (on *onHTTP) NoteReceipt(answer *heldAnswer, r *receipts.Signed) error {
	word, err := r.Wire()
	if err == nil {
		answer.Head.Set(HeaderReceipt, word)
	}
	return err
}

func (on *onHTTP) Pack(answer *heldAnswer) ([]byte, error) { return json.Marshal(answer) }

func (on *onHTTP) Unpack(kept []byte) (*heldAnswer, error) {
	answer, notes := new(heldAnswer), headers{}
	sold, err := sale.SplitKept(kept, &notes)
	if err == nil {
		err = json.Unmarshal(sold, answer)
	}
	if err != nil || answer.Status == 0 {
		return nil, errors.Join(sale.ErrKept, err)
	}
	notes.Into(answer)
	return answer, nil
}

func (on *onHTTP) Withhold(advice string) *heldAnswer {
	on.w.Header().Set(HeaderWithheld, "1")
	on.fail(http.StatusServiceUnavailable, "the request was served, but its charge could not be made durable, so the answer is withheld; "+advice)
	return nil
}

func (on *onHTTP) Break(err error) *heldAnswer {
	if errors.Is(err, sale.ErrKept) {
		on.seller.Logger.Error("the kept answer cannot be read", "route", on.offer.Name, "error", err)
		on.fail(http.StatusInternalServerError, sale.ErrKept.Error())
		return nil
	}
	on.fail(http.StatusBadGateway, fmt.Sprintf("the answer cannot be encoded: %v; you were not charged", err))
	return nil
}

func (on *onHTTP) Refuse(_ context.Context, no *sale.Denial) *heldAnswer {
	if no.Token != nil {
		on.refuseCredit(no.Token)
	} else {
		on.refuseTerms(no.Terms)
	}
	return nil
}

// refuseTerms answers with the status of the reason's code: the terms, the reason, and what the
// client needs to do better. A payment identifier that was used for another request or payment
// is a conflict: 409.
func (on *onHTTP) refuseTerms(r *terms.Refusal) {
	required := on.terms(r)
	on.describe(required)
	header, err := x402.EncodeHeader(required)
	if err != nil {
		on.seller.Logger.Error("encode the terms", "route", on.offer.Name, "error", err)
		on.fail(http.StatusInternalServerError, "the terms cannot be encoded")
		return
	}
	on.line.Refused(on.r.Context(), r)
	on.w.Header().Set(x402.HeaderPaymentRequired, header)
	on.challenge(r)
	on.w.Header().Set("Cache-Control", "no-store")
	status := r.Code.HTTPStatus()
	if r.Conflict {
		status = http.StatusConflict
	}
	door.WriteJSON(on.w, status, on.below(status, required))
}

// terms are what the request is sold on, with why it is refused.
func (on *onHTTP) terms(r *terms.Refusal) *x402.PaymentRequired {
	return on.seller.Desk.Required(on.asked(r))
}

func (on *onHTTP) asked(r *terms.Refusal) terms.Asked {
	return terms.Asked{Resource: on.described(), Price: on.price, Offer: on.rate, Refusal: r}
}

func (on *onHTTP) fail(status int, reason string) {
	door.WriteProblem(on.w, status, reason)
}

// endingOfAnswer is [onmcp.endingOf] for an HTTP request.
func endingOfAnswer(ctx context.Context, answer *heldAnswer) sale.Ending {
	switch {
	case ctx.Err() != nil:
		return sale.Cancelled
	case answer.Status >= http.StatusMultipleChoices: // a redirect only says where the answer may be
		return sale.Failed
	}
	return sale.Delivered
}
