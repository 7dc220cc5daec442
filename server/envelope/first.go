package envelope

import (
	"strconv"

	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/v1"
)

// FirstTerms are those ways of terms that x402's first version has; see [v1.Terms]. It is false too
// where it is not known what has become of a payment: whose wallet reads on would pay again.
func FirstTerms(required *x402.PaymentRequired) (*v1.PaymentRequired, bool) {
	switch required.Error {
	case x402.ErrUnexpectedVerify, x402.ErrUnexpectedSettle, x402.ErrSettlementPending:
		return nil, false
	}
	return v1.Terms(required)
}

// FirstHeader is what X-PAYMENT pays, in the words of x402's second version, at one of the places
// that transfers are taken at. Errors are those of [v1.DecodeHeader], and of [First].
func FirstHeader(value string, transfers []x402.Requirements) (*x402.PaymentPayload, error) {
	paid, err := v1.DecodeHeader[v1.PaymentPayload](value)
	if err != nil {
		return nil, err
	}
	return First(paid, transfers)
}

// First is a payment of x402's first version in the words of the second. What it accepts it does
// not say, so it is what is signed: the price is for who sells to hold it against. The error wraps
// [x402.ErrUnsupported] where none of the transfers is on its chain.
func First(paid *v1.PaymentPayload, transfers []x402.Requirements) (*x402.PaymentPayload, error) {
	accepted, known := paid.Paid(transfers)
	if !known {
		return nil, &x402.DecodeError{Path: "network", Value: strconv.Quote(paid.Network), Want: "a chain of the terms", Err: x402.ErrUnsupported}
	}
	accepted.Amount = paid.Payload.Authorization.Value
	return paid.V2(accepted)
}

// FirstReceipt is what x402's first version says of a payment that the second says something of.
// It has no word for one of which nothing was charged: that is false.
func FirstReceipt(s *x402.SettlementResponse) (*v1.SettlementResponse, bool) {
	if charged := s.Extra.ChargedAmount; charged != nil && *charged == 0 {
		return nil, false
	}
	return v1.Response(s), true
}
