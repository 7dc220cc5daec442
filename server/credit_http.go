package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// The headers of an answer that a credit token paid for, beside PAYMENT-RESPONSE.
const (
	HeaderCreditGrant     = "Chit-Credit-Grant"
	HeaderCreditRemaining = "Chit-Credit-Remaining"
)

// headerIdempotencyKey carries the identifier of a request on a credit token: a text in
// quotes (draft-ietf-httpapi-idempotency-key-header), or as it is, as many clients have it.
const headerIdempotencyKey = "Idempotency-Key"

// requestID is the identifier of a request, "" if it has none.
func requestID(r *http.Request) string {
	values := r.Header.Values(headerIdempotencyKey)
	switch len(values) {
	case 0:
		return ""
	case 1:
	default:
		return badCallID
	}
	id := strings.TrimSpace(values[0])
	if unquoted, found := strings.CutPrefix(id, `"`); found {
		id, found = strings.CutSuffix(unquoted, `"`)
		if !found || strings.ContainsAny(id, `"\\`) {
			return badCallID
		}
	}
	if id == "" {
		return badCallID
	}
	return id
}

// takeBearer takes the credit token out of a request, "" if it has none.
func takeBearer(r *http.Request) (token string, rest *http.Request) {
	token, found := bearerToken(r.Header)
	if !found {
		return "", r
	}
	rest = r.Clone(r.Context())
	rest.Header.Del(headerAuthorization)
	return token, rest
}

// runOnCredit serves the request and charges it to its token. What a token calls the
// tool is the offer's name.
func (s *httpSale) runOnCredit(body []byte, next http.Handler) {
	ctx := s.r.Context()
	call := credit.Call{Tool: s.offer.Name, Price: s.price, Identifier: requestID(s.r)}
	if call.Identifier != "" {
		call.Fingerprint = requestFingerprint(s.r, body)
	}
	until, untie := untied(ctx)
	defer untie()
	spend, err := s.shop.Credit.Spend(until, s.token, call)
	if err != nil {
		s.refuseCredit(s.shop.explainCredit(ctx, &s.line, s.token, err, nil))
		return
	}
	s.shop.observe(call.Tool, time.Since(s.line.began))
	s.line.spends(spend)
	defer spend.Release()
	if kept, ok := spend.Answer(); ok {
		s.replay(kept)
		return
	}
	tab, err := s.shop.runsOnCredit(spend, call.Tool, s.rate)
	if err != nil {
		s.refuseCredit(s.shop.explainCredit(ctx, &s.line, s.token, err, nil))
		return
	}
	defer tab.close()
	untie()
	s.bill = s.shop.openBill(&s.line, s.rate, func() vouchers.ChannelConfig { return s.shop.configOf(spend) })
	s.bill.tab = tab
	defer s.bill.close(false)
	answer := s.serve(body, next)
	if end := endingOfAnswer(s.r.Context(), answer); !s.charges(end, answer) {
		spend.Release()
		s.line.end(ctx, end.code(), 0)
		if state, ok := s.shop.Ledger.Channel(spend.Channel()); ok {
			added, err := s.creditHeaders(creditReceipt{spend.Grant(), 0, spend.Remaining()}, state)
			if err != nil {
				s.shop.logger.Error("encode the receipt", "route", s.offer.Name, "error", err)
			}
			added.into(answer)
		}
		answer.send(s.w)
		return
	}
	s.chargeToken(spend, call.Identifier != "", body, s.sells(answer))
}

// chargeToken makes the charge durable, then lets the answer out with its receipt. It is
// kept for a request that is made again where the request has an identifier.
func (s *httpSale) chargeToken(spend *credit.Spend, kept bool, body []byte, answer *heldAnswer) {
	ctx := context.WithoutCancel(s.r.Context())
	var sold []byte
	if kept {
		var err error
		if sold, err = json.Marshal(answer); err != nil {
			s.fail(http.StatusBadGateway, fmt.Sprintf("the answer cannot be encoded: %v; you were not charged", err))
			return
		}
	}
	total, puts := s.bill.total(ctx)
	var added headers
	_, err := spend.Commit(ctx, total, func(c vouchers.Charge) (vouchers.Kept, error) {
		return s.shop.keep(ctx, &c, s.sold(onCredit(spend), body), func(r *receipts.Signed) ([]byte, error) {
			var err error
			added, err = s.creditHeaders(creditReceipt{spend.Grant(), c.Charged, spend.Remaining() + s.price - c.Charged}, c.State)
			if err = errors.Join(err, added.addReceipt(r)); err != nil || !kept {
				return nil, err
			}
			return joinKept(sold, added)
		})
	}, puts...)
	s.bill.close(err == nil)
	s.bill.settle(total, err)
	if err != nil {
		s.line.withheld(ctx, err)
		s.fail(http.StatusServiceUnavailable, "the request was served, but its charge could not be made durable, so the answer is withheld; ask the seller before you try again")
		return
	}
	s.line.end(ctx, s.bill.end.code(), total)
	added.into(answer)
	answer.send(s.w)
}

// creditHeaders are what a token holder is told of its payment.
func (s *httpSale) creditHeaders(receipt creditReceipt, state vouchers.Channel) (headers, error) {
	response := s.shop.creditResponse(receipt.Charged, state)
	header, err := x402.EncodeHeader(&response)
	added := http.Header{}
	added.Set(x402.HeaderPaymentResponse, header)
	added.Set(HeaderCreditGrant, receipt.Grant.String())
	added.Set(HeaderCreditRemaining, receipt.Remaining.Atomic())
	return headers(added), err
}

// refuseCredit answers with problem details. Where money is what lacks, the terms of
// a voucher come with it.
func (s *httpSale) refuseCredit(r *CreditRefusal) {
	if creditStatus[r.Code] == http.StatusPaymentRequired {
		if header, err := x402.EncodeHeader(s.terms(unpaid)); err == nil {
			s.w.Header().Set(x402.HeaderPaymentRequired, header)
		}
	}
	writeCreditProblem(s.w, r)
}
