package server

import (
	"encoding/json"
	"net/http"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

// uncharged lets a failure out, with the word that it cost nothing.
func (s *httpSale) uncharged(answer *heldAnswer) {
	if channel, ok := s.shop.Ledger.Channel(s.channel); ok {
		added, err := s.response(0, channel, nil)
		if err != nil {
			s.shop.logger.Error("encode the receipt of a failure", "route", s.offer.Name, "error", err)
		}
		added.into(answer)
	}
	answer.send(s.w)
}

// replay answers with what the same payment for the same request was answered with.
func (s *httpSale) replay(kept []byte) {
	var answer heldAnswer
	var added headers
	sold, err := splitKept(kept, &added)
	if err == nil {
		err = json.Unmarshal(sold, &answer)
	}
	if err != nil || answer.Status == 0 {
		s.shop.logger.Error("the kept answer cannot be read", "route", s.offer.Name, "error", err)
		s.fail(http.StatusInternalServerError, errKept.Error())
		return
	}
	s.line.end(s.r.Context(), codeRepeated, 0)
	added.into(&answer)
	answer.send(s.w)
}

// refuse answers 402: the terms, the reason, and what the client needs to do better. A
// payment identifier that was used for another request or payment is a conflict: 409.
func (s *httpSale) refuse(r *refusal) {
	required := s.terms(r)
	header, err := x402.EncodeHeader(required)
	if err != nil {
		s.shop.logger.Error("encode the terms", "route", s.offer.Name, "error", err)
		s.fail(http.StatusInternalServerError, "the terms cannot be encoded")
		return
	}
	s.line.refused(s.r.Context(), r)
	s.w.Header().Set(x402.HeaderPaymentRequired, header)
	s.w.Header().Set("Cache-Control", "no-store")
	status := http.StatusPaymentRequired
	if r.conflict {
		status = http.StatusConflict
	}
	writeJSON(s.w, status, required)
}

// terms are what the request is sold on, with why it is refused.
func (s *httpSale) terms(r *refusal) *x402.PaymentRequired {
	return s.shop.required(s.resource(), s.price, r)
}

func (s *httpSale) fail(status int, reason string) {
	writeJSON(s.w, status, adminError{reason})
}

// response is what the payer is told of its payment.
func (s *httpSale) response(charged vouchers.Amount, state vouchers.Channel, r *receipts.Signed) (headers, error) {
	response := s.shop.response(state)
	response.Extra.ChargedAmount = &charged
	if s.deposited != nil {
		s.deposited.into(&response)
	}
	if s.attested && r != nil {
		if err := s.shop.attest(s.r.Context(), &response, state.Config.VoucherSigner(), r); err != nil {
			return nil, err
		}
	}
	header, err := x402.EncodeHeader(&response)
	if err != nil {
		return nil, err
	}
	return headers{http.CanonicalHeaderKey(x402.HeaderPaymentResponse): {header}}, nil
}
