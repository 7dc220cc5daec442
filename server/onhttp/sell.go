package onhttp

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// MaxSoldAnswer is the longest body that is sold over plain HTTP, in bytes, where
// [limits.Limits.Answer] is not set: the answer is held back until its charge is on disk.
const MaxSoldAnswer = 16 << 20

// Offer is what a plain HTTP handler is sold as.
type Offer struct {
	// Name is what logs call it.
	Name string
	// Resource describes it to payers; an empty URL is the request's path, below
	// server.Options.BaseURL.
	Resource x402.Resource
	// Query has a JSON Schema for each parameter of the query that machines are told of; nil is none.
	Query map[string]jsontext.Value
	// Price is asked for every request, in atomic USDC: what it costs, or with a Quote
	// the most that it may cost. 0 is free.
	Price func() vouchers.Amount
	// Quote, if there is one, says what each request costs; see [offer.Quote]. An error is
	// answered with 400.
	Quote offer.HTTPQuote
	// Metered says that the answer tells what the request has really cost: see [offer.HeaderCost].
	Metered bool
	// ChargeFailed and ChargeCancelled are as in [offer.Rate]; a failure is a status of 300 or above: a
	// redirect only says where the answer may be.
	ChargeFailed, ChargeCancelled bool
	// Free is what each payer gets for nothing before it pays; its pool is Name if it has
	// none.
	Free offer.Allowance
	// Accept are the ways to pay for it; empty are those of the shop.
	Accept offer.Accept
	// Stream, if there is one, passes answers on as they come, and charges them meanwhile; the
	// Price is the most that one costs. ChargeFailed and ChargeCancelled are of no effect then:
	// what was delivered is charged.
	Stream *Stream
}

// Sell sells what next answers, by the HTTP transport of x402: the payment comes
// in the PAYMENT-SIGNATURE header, and the receipt leaves in PAYMENT-RESPONSE. A
// request without one may bring a credit token in Authorization, which is refused
// with problem details (RFC 9457) where it does not pay. A payment of version 1 comes in
// X-PAYMENT, and its receipt leaves in X-PAYMENT-RESPONSE.
//
// A request without a payment, or with one that is refused, is answered 402 with the
// terms in PAYMENT-REQUIRED, and with those of version 1 in the body, where it has some, for
// who has not paid in other words; a payment that cannot be read, 400. Of what next answers, the
// headers of the protocols of payment are dropped, and cookies where it is paid for; a 402
// of its own becomes a 502. An answer of status
// 300 or above is passed on and not charged. Any other is held back until its charge
// is on disk; where that fails it is withheld (503). Refund payloads are given their
// refund without a quote, and do not reach next. Bodies are at most [limits.Limits.Body] in and
// [limits.Limits.Answer] out, but for those of a [Stream]. Without a payment none is read but for a quote, and then at most
// [limits.Limits.UnpaidBody]: a longer one gets the price, which is the most that it costs. A
// request with [HeaderState] is answered with where the payer's channel stands, and does
// not reach next either.
func (s *Seller) Sell(o Offer, next http.Handler) http.Handler {
	rate := o.rate()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := r.Header.Get(HeaderState); asked != "" {
			s.Door.Bound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.tellState(w, asked) })).ServeHTTP(w, r)
			return
		}
		token, r := takeBearer(r)
		credential, r, bad := takeCredential(r)
		price := o.Price()
		if !door.IsPatient(w) {
			door.Identify(w, r)
		}
		on := &onHTTP{seller: s, line: s.routeLine(o.Name, price, r), offer: o, rate: rate, price: price, token: token, credential: credential, badCredential: bad, next: next, w: w, r: r}
		defer on.line.Close(r.Context())
		if price == 0 {
			on.give()
			return
		}
		on.r = r.WithContext(limits.WithNetwork(r))
		s.Door.Bound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			on.w = w
			on.take()
		})).ServeHTTP(w, r)
	})
}

func (o *Offer) rate() *offer.Offer {
	rate := &offer.Offer{Metered: o.Metered, ChargeFailed: o.ChargeFailed, ChargeCancelled: o.ChargeCancelled, Free: o.Free.Of(o.Name), Accept: o.Accept}
	if o.Stream != nil {
		rate.Metered, rate.Slice = true, o.Stream.Slice
		rate.ChargeFailed, rate.ChargeCancelled = false, false
	}
	return rate
}

// TermsOf are the terms of an offer for a request without a payment, at the most that one costs.
func (s *Seller) TermsOf(o Offer) *x402.PaymentRequired {
	return s.Desk.Required(o.asked())
}

// ChargesOf are the terms that challenges of MPP are made of for such a request, none where an
// offer is not paid so.
func (s *Seller) ChargesOf(o Offer) []x402.Requirements { return s.Desk.Charges(o.asked()) }

// asked is what is asked for by a request without a payment.
func (o *Offer) asked() terms.Asked {
	return terms.Asked{Resource: o.Resource, Price: o.Price(), Offer: o.rate(), Refusal: terms.Unpaid}
}

// routeLine begins the line of a request.
func (s *Seller) routeLine(name string, price vouchers.Amount, r *http.Request) sale.Line {
	l := s.Register.Line("route", name, r.Header)
	l.Price = price
	return l
}

// onHTTP carries a sale as an HTTP request.
type onHTTP struct {
	seller *Seller
	line   sale.Line
	offer  Offer
	rate   *offer.Offer
	price  vouchers.Amount
	// token is the credit token that came with it, which the request does not have any more.
	token string
	next  http.Handler
	w     http.ResponseWriter
	r     *http.Request
	// credential is what pays in the words of MPP, nil where nothing does, and badCredential why
	// one cannot be read.
	credential    *mpp.Credential
	badCredential error
	// body is that of the request, once it is read, and fingerprint what the two come to.
	body        []byte
	fingerprint [32]byte
}

// give serves a request that costs nothing.
func (on *onHTTP) give() {
	ctx, w := on.r.Context(), &disowning{ResponseWriter: on.w}
	on.next.ServeHTTP(w, on.r.WithContext(on.line.Running(ctx)))
	code := sale.CodeOK
	switch {
	case ctx.Err() != nil:
		code = sale.CodeCancelled
	case w.refused || w.status >= http.StatusBadRequest:
		code = sale.CodeFailed
	}
	on.line.End(ctx, code, 0)
}

// take reads as much of the body as the request pays for, and sells.
func (on *onHTTP) take() {
	most, pays := on.seller.Limits.Body, on.token != "" || on.bringsPayment()
	if !pays {
		most = min(most, on.seller.Limits.UnpaidBody)
		if on.offer.Quote == nil {
			on.refuseTerms(terms.Unpaid)
			return
		}
	}
	held, err := on.seller.Door.Hold(on.w, on.r, most)
	defer held.Release()
	switch {
	case errors.Is(err, door.ErrBodyTooLarge) && !pays:
		on.seller.Met("unpaidBody")
		on.refuseTerms(terms.Refuse(x402.ErrPaymentRequired, "an unpaid request of more than %d bytes is not quoted: this is the most that it costs", most))
	case err != nil:
		on.seller.Door.RefuseBody(on.w, err)
	default:
		on.run(held.Bytes())
	}
}

func (on *onHTTP) run(body []byte) {
	if !on.quote(body) {
		return
	}
	if on.price == 0 {
		on.r.Body = door.Again(body)
		on.give()
		return
	}
	on.body, on.fingerprint = body, requestFingerprint(on.r, body)
	brought := sale.Presented{Offer: on.rate}
	if on.token != "" && !on.isPaid() {
		brought.Token, brought.Identifier = &on.token, requestID(on.r)
	} else if paid := on.payment(); paid != nil {
		brought = *paid
		brought.Offer = on.rate
	} else {
		return
	}
	if isRefund(brought.Payment) {
		on.refund(brought.Payment)
		return
	}
	by := on.seller.Ways.By(&on.line, brought)
	if by == nil {
		on.refuseTerms(terms.Unpaid)
		return
	}
	if answer := sale.Run(on.r.Context(), &on.line, on.rate, by, on); answer != nil {
		answer.send(on.w)
	}
}

// quote asks for the price of this request. It reports false where there is none, which
// is answered.
func (on *onHTTP) quote(body []byte) bool {
	if on.offer.Quote == nil || on.isRefund() {
		return true
	}
	asking := on.r.Clone(on.r.Context())
	asking.Body = door.Again(body)
	price, err := offer.Quoted(on.seller.Logger, on.offer.Name, on.price, func() (vouchers.Amount, error) { return on.offer.Quote(asking) })
	switch {
	case errors.Is(err, offer.ErrQuotePanic):
		on.line.Refuse(on.r.Context(), slog.LevelInfo, sale.CodeFailed, err.Error())
		on.fail(http.StatusInternalServerError, err.Error())
	case err != nil:
		on.line.Refuse(on.r.Context(), slog.LevelInfo, sale.CodeFailed, err.Error())
		on.fail(http.StatusBadRequest, fmt.Sprintf("no price for this request: %v", err))
	}
	on.price = price
	on.line.Price = price
	return err == nil
}

// isRefund reports whether the request asks for a refund, whatever else it says.
func (on *onHTTP) isRefund() bool {
	payload, err := x402.DecodeHeader[x402.PaymentPayload](on.r.Header.Get(x402.HeaderPaymentSignature))
	if err != nil {
		return false
	}
	return isRefund(payload)
}

func isRefund(payload *x402.PaymentPayload) bool {
	if payload == nil {
		return false
	}
	_, refund := payload.Payload.(*x402.RefundPayload)
	return refund
}

// refund gives a refund, even when the payer has gone meanwhile.
func (on *onHTTP) refund(payload *x402.PaymentPayload) {
	response, refused := on.seller.Desk.Refund(on.r.Context(), &on.line, payload)
	if refused != nil {
		on.refuseTerms(refused)
		return
	}
	header, err := x402.EncodeHeader(response)
	if err != nil {
		on.seller.Logger.Error("encode the receipt of a refund", "error", err)
	} else {
		on.w.Header().Set(x402.HeaderPaymentResponse, header)
	}
	door.WriteJSON(on.w, http.StatusOK, response)
}

// requestFingerprint tells one request from another under the same voucher.
func requestFingerprint(r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	for _, part := range []string{"http", r.Method, r.Host, r.URL.RequestURI(), r.Header.Get("Content-Type")} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	h.Write(body)
	return [32]byte(h.Sum(nil))
}
