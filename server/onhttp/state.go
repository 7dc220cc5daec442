package onhttp

import (
	"net/http"

	"github.com/chitpay/chit/server/door"
	"github.com/chitpay/chit/x402"
)

// HeaderState is the header of a request for the state in the place of what a route sells:
// an [x402.StateOrder], encoded as the headers of x402 are.
const HeaderState = "Chit-State"

// tellState answers a request for the state over plain HTTP.
func (s *Seller) tellState(w http.ResponseWriter, asked string) {
	order, err := x402.DecodeHeader[x402.StateOrder](asked)
	if err != nil {
		door.WriteProblem(w, http.StatusBadRequest, err.Error())
		return
	}
	state, status := s.Desk.State(*order), http.StatusOK
	if !state.Success {
		status = http.StatusForbidden
	}
	header, err := x402.EncodeHeader(state)
	if err != nil {
		s.Logger.Error("encode the state of a channel", "channel", order.Channel, "error", err)
	} else {
		w.Header().Set(x402.HeaderPaymentResponse, header)
	}
	w.Header().Set("Cache-Control", "no-store")
	door.WriteJSON(w, status, state)
}
