package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// MaxSoldAnswer is the longest body that is sold over plain HTTP, in bytes, where
// [Limits.Answer] is not set: the answer is held back until its charge is on disk.
const MaxSoldAnswer = 16 << 20

// HTTPOffer is what a plain HTTP handler is sold as.
type HTTPOffer struct {
	// Name is what logs call it.
	Name string
	// Resource describes it to payers; an empty URL is the request's path, below
	// [Options.BaseURL].
	Resource x402.Resource
	// Price is asked for every request, in atomic USDC: what it costs, or with a Quote
	// the most that it may cost. 0 is free.
	Price func() vouchers.Amount
	// Quote, if there is one, says what each request costs; see [Quote]. An error is
	// answered with 400.
	Quote HTTPQuote
	// Metered says that the answer tells what the request has really cost: see [HeaderCost].
	Metered bool
	// ChargeFailed and ChargeCancelled are as in [Rate]; a failure is a status of 300 or above: a
	// redirect only says where the answer may be.
	ChargeFailed, ChargeCancelled bool
	// Free is what each payer gets for nothing before it pays; its pool is Name if it has
	// none.
	Free Allowance
}

// SellHTTP sells what next answers, by the HTTP transport of x402: the payment comes
// in the PAYMENT-SIGNATURE header, and the receipt leaves in PAYMENT-RESPONSE. A
// request without one may bring a credit token in Authorization, which is refused
// with problem details (RFC 9457) where it does not pay.
//
// A request without a payment, or with one that is refused, is answered 402 with the
// terms in PAYMENT-REQUIRED; a payment that cannot be read, 400. Of what next answers, the
// headers of the protocols of payment are dropped, and cookies where it is paid for; a 402
// of its own becomes a 502. An answer of status
// 300 or above is passed on and not charged. Any other is held back until its charge
// is on disk; where that fails it is withheld (503). Refund payloads are given their
// refund without a quote, and do not reach next. Bodies are at most [Limits.Body] in and
// [Limits.Answer] out. Without a payment none is read but for a quote, and then at most
// [Limits.UnpaidBody]: a longer one gets the price, which is the most that it costs. A
// request with [HeaderState] is answered with where the payer's channel stands, and does
// not reach next either.
func (s *Shop) SellHTTP(offer HTTPOffer, next http.Handler) http.Handler {
	rate := &toolRate{metered: offer.Metered, chargeFailed: offer.ChargeFailed, chargeCancelled: offer.ChargeCancelled, free: offer.Free.of(offer.Name)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := r.Header.Get(HeaderState); asked != "" {
			s.Bound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { s.tellState(w, asked) })).ServeHTTP(w, r)
			return
		}
		token, r := takeBearer(r)
		price := offer.Price()
		if !isPatient(w) {
			identify(w, r)
		}
		sale := httpSale{shop: s, line: s.routeLine(offer.Name, price, r), offer: offer, rate: rate, price: price, token: token, w: w, r: r}
		defer sale.line.close(r.Context())
		if price == 0 {
			sale.give(next)
			return
		}
		sale.r = r.WithContext(withAddress(r))
		s.Bound(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			sale.w = w
			sale.take(next)
		})).ServeHTTP(w, r)
	})
}

// httpSale is one request for something that costs money.
type httpSale struct {
	shop  *Shop
	line  line
	offer HTTPOffer
	rate  *toolRate
	price vouchers.Amount
	// token is the credit token that came with it, which the request does not have any more.
	token string
	w     http.ResponseWriter
	r     *http.Request
	// channel is the one that pays, and ceiling that of its voucher.
	channel vouchers.ChannelID
	ceiling vouchers.Amount
	// attested says that the payer wants the receipt of the standard's own extension.
	attested bool
	bill     *bill
	// deposited is what a deposit payload brought in before the request.
	deposited *depositReceipt
}

// give serves a request that costs nothing.
func (s *httpSale) give(next http.Handler) {
	ctx, w := s.r.Context(), &disowning{ResponseWriter: s.w}
	next.ServeHTTP(w, s.r.WithContext(s.line.running(ctx)))
	code := codeOK
	switch {
	case ctx.Err() != nil:
		code = codeCancelled
	case w.refused || w.status >= http.StatusBadRequest:
		code = codeFailed
	}
	s.line.end(ctx, code, 0)
}

// take reads as much of the body as the request pays for, and sells.
func (s *httpSale) take(next http.Handler) {
	most, pays := s.shop.limits.Body, s.token != "" || len(s.r.Header.Values(x402.HeaderPaymentSignature)) > 0
	if !pays {
		most = min(most, s.shop.limits.UnpaidBody)
		if s.offer.Quote == nil {
			s.refuse(unpaid)
			return
		}
	}
	held, err := s.shop.hold(s.w, s.r, most)
	defer held.release()
	switch {
	case errors.Is(err, errBodyTooLarge) && !pays:
		s.shop.met.add("unpaidBody")
		s.refuse(refuseWith(x402.ErrPaymentRequired, "an unpaid request of more than %d bytes is not quoted: this is the most that it costs", most))
	case err != nil:
		s.shop.refuseBody(s.w, err)
	default:
		s.run(held.all, next)
	}
}

func (s *httpSale) run(body []byte, next http.Handler) {
	if !s.quote(body) {
		return
	}
	if s.price == 0 {
		s.r.Body = again(body)
		s.give(next)
		return
	}
	if s.token != "" && s.r.Header.Get(x402.HeaderPaymentSignature) == "" {
		s.runOnCredit(body, next)
		return
	}
	request := requestFingerprint(s.r, body)
	p, done := s.payment(request)
	if done {
		return
	}
	until, untie := untied(s.r.Context())
	defer untie()
	reservation, refused := s.reserve(until, p, request)
	if refused != nil {
		s.refuse(refused)
		return
	}
	s.shop.observe(s.offer.Name, time.Since(s.line.began))
	defer reservation.Release()
	if kept, ok := reservation.Answer(); ok {
		s.replay(kept)
		return
	}
	tab, refused := s.shop.runs(customerKey{channel: s.channel}, s.offer.Name, s.rate)
	if refused != nil {
		reservation.Release()
		s.refuse(refused)
		return
	}
	defer tab.close()
	untie()
	s.bill = s.shop.openBill(&s.line, s.rate, func() vouchers.ChannelConfig { return p.config })
	s.bill.tab = tab
	defer s.bill.close(false)
	answer := s.serve(body, next)
	if end := endingOfAnswer(s.r.Context(), answer); !s.charges(end, answer) {
		reservation.Release()
		s.line.end(s.r.Context(), end.code(), 0)
		s.uncharged(answer)
		return
	}
	s.charge(reservation, body, s.sells(answer))
}

// charges says whether an answer is charged. One that the shop has made itself, in the
// place of an answer that broke off or is too long, is not, unless the client has
// cancelled it.
func (s *httpSale) charges(end ending, answer *heldAnswer) bool {
	s.bill.end = end
	return s.rate.charges(end) && (end == cancelled || !answer.ours)
}

// sells is the answer that is charged.
func (s *httpSale) sells(answer *heldAnswer) *heldAnswer {
	if s.bill.end == cancelled && answer.ours {
		return ownAnswer(cancelledText)
	}
	return answer
}

// quote asks for the price of this request. It reports false where there is none, which
// is answered.
func (s *httpSale) quote(body []byte) bool {
	if s.offer.Quote == nil || s.isRefund() {
		return true
	}
	asking := s.r.Clone(s.r.Context())
	asking.Body = again(body)
	price, err := quoted(s.shop.logger, s.offer.Name, s.price, func() (vouchers.Amount, error) { return s.offer.Quote(asking) })
	switch {
	case errors.Is(err, errQuotePanic):
		s.line.refuse(s.r.Context(), slog.LevelInfo, codeFailed, err.Error())
		s.fail(http.StatusInternalServerError, err.Error())
	case err != nil:
		s.line.refuse(s.r.Context(), slog.LevelInfo, codeFailed, err.Error())
		s.fail(http.StatusBadRequest, fmt.Sprintf("no price for this request: %v", err))
	}
	s.price, s.line.price = price, price
	return err == nil
}

// isRefund reports whether the request asks for a refund, whatever else it says.
func (s *httpSale) isRefund() bool {
	payload, err := x402.DecodeHeader[x402.PaymentPayload](s.r.Header.Get(x402.HeaderPaymentSignature))
	if err != nil {
		return false
	}
	_, refund := payload.Payload.(*x402.RefundPayload)
	return refund
}

// serve makes the request, holds its answer back, and reads its meter.
func (s *httpSale) serve(body []byte, next http.Handler) *heldAnswer {
	s.r.Body = again(body)
	answer := s.shop.record(next, s.r.WithContext(s.bill.metering(s.r.Context())))
	if s.rate.metered {
		s.bill.meter.readHeader(answer.Head)
	}
	return answer.disown()
}

// payment reads the payment of a request, of which it has the fingerprint. It reports
// done where the request is answered: there is no payment, it cannot be read or is
// refused, it was answered before the price rose, or it was a refund.
func (s *httpSale) payment(request [32]byte) (p *payment, done bool) {
	headers := s.r.Header.Values(x402.HeaderPaymentSignature)
	if len(headers) == 0 {
		s.refuse(unpaid)
		return nil, true
	}
	if len(headers) > 1 {
		reason := fmt.Sprintf("%d %s headers, want one", len(headers), x402.HeaderPaymentSignature)
		s.line.refuse(s.r.Context(), slog.LevelInfo, string(x402.ErrPayload), reason)
		s.fail(http.StatusBadRequest, reason)
		return nil, true
	}
	payload, err := x402.DecodeHeader[x402.PaymentPayload](headers[0])
	switch {
	case errors.Is(err, x402.ErrUnsupported), errors.Is(err, x402.ErrVersion):
		s.refuse(refuseWith(x402.CodeOf(err), "%v", err))
		return nil, true
	case err != nil:
		s.line.refuse(s.r.Context(), slog.LevelInfo, string(x402.ErrPayload), err.Error())
		s.fail(http.StatusBadRequest, err.Error())
		return nil, true
	}
	s.line.paidBy(payload)
	price := s.price
	if _, refund := payload.Payload.(*x402.RefundPayload); refund {
		price = 0 // it pays for nothing
	}
	p, refused := s.shop.accept(payload, price)
	if refused != nil {
		if kept, ok := s.shop.repeated(s.r.Context(), payload, price, request); ok {
			s.replay(kept)
			return nil, true
		}
		s.refuse(refused)
		return nil, true
	}
	if refund, ok := p.body.(*x402.RefundPayload); ok {
		s.refund(p, refund)
		return nil, true
	}
	return p, false
}

func (s *httpSale) reserve(ctx context.Context, p *payment, request [32]byte) (*vouchers.Reservation, *refusal) {
	s.channel, s.ceiling, s.attested = p.voucher.Channel, p.voucher.Ceiling, p.receipt
	reservation, deposited, refused := s.shop.admit(ctx, p, s.price, request)
	s.deposited = deposited
	return reservation, refused
}

// charge makes the charge durable, then lets the answer out with its receipt.
func (s *httpSale) charge(reservation *vouchers.Reservation, body []byte, answer *heldAnswer) {
	sold, err := json.Marshal(answer)
	if err != nil {
		s.fail(http.StatusBadGateway, fmt.Sprintf("the answer cannot be encoded: %v; you were not charged", err))
		return
	}
	ctx := context.WithoutCancel(s.r.Context())
	total, puts := s.bill.total(ctx)
	var added headers
	_, err = reservation.Commit(ctx, total, func(c vouchers.Charge) (vouchers.Kept, error) {
		return s.shop.keep(ctx, &c, s.sold(receipts.Receipt{Ceiling: s.ceiling}, body), func(r *receipts.Signed) ([]byte, error) {
			var err error
			if added, err = s.response(c.Charged, c.State, r); err != nil {
				return nil, err
			}
			if err := added.addReceipt(r); err != nil {
				return nil, err
			}
			return joinKept(sold, added)
		})
	}, puts...)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		s.line.withheld(ctx, err)
		s.fail(http.StatusServiceUnavailable, "the request was served, but its charge could not be made durable, so the answer is withheld; send the same payment again later: it is charged once at most")
		return
	}
	s.line.end(ctx, s.bill.end.code(), total)
	added.into(answer)
	answer.send(s.w)
}

// sold says on a receipt what was sold.
func (s *httpSale) sold(r receipts.Receipt, body []byte) receipts.Receipt {
	r.Resource, r.Request = s.resource().URL, requestFingerprint(s.r, body)
	return r
}

// refund gives a refund, even when the payer has gone meanwhile.
func (s *httpSale) refund(p *payment, r *x402.RefundPayload) {
	ctx := context.WithoutCancel(s.r.Context())
	if err := s.shop.checkVoucher(p); err != nil {
		s.refuse(refuseWith(x402.ErrVoucherSignature, "%v", err))
		return
	}
	response, refused := s.shop.refund(ctx, p, r.Amount)
	if refused != nil {
		s.refuse(refused)
		return
	}
	header, err := x402.EncodeHeader(response)
	if err != nil {
		s.shop.logger.Error("encode the receipt of a refund", "error", err)
	} else {
		s.w.Header().Set(x402.HeaderPaymentResponse, header)
	}
	writeJSON(s.w, http.StatusOK, response)
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
