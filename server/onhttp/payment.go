package onhttp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// bringsPayment says whether the request has a header of a payment, be it an empty one.
func (on *onHTTP) bringsPayment() bool {
	return len(on.r.Header.Values(short.HeaderPay))+len(on.r.Header.Values(x402.HeaderPaymentSignature)) > 0
}

// isPaid says whether the request brings what looks like a payment, which goes before a token.
func (on *onHTTP) isPaid() bool {
	return on.r.Header.Get(short.HeaderPay) != "" || on.r.Header.Get(x402.HeaderPaymentSignature) != ""
}

// payment reads what a request is paid with, in whichever form, nil where there is nothing that
// can be read, which is answered.
func (on *onHTTP) payment() *sale.Presented {
	full, brief := on.r.Header.Values(x402.HeaderPaymentSignature), on.r.Header.Values(short.HeaderPay)
	var brought sale.Presented
	var err error
	switch {
	case len(full)+len(brief) == 0:
		on.refuseTerms(terms.Unpaid)
		return nil
	case len(full) > 0 && len(brief) > 0:
		on.misread(fmt.Sprintf("both %s and %s, want one of them", x402.HeaderPaymentSignature, short.HeaderPay))
		return nil
	case len(full)+len(brief) > 1:
		on.misread(fmt.Sprintf("%d %s headers, want one", len(full)+len(brief), nameOf(full)))
		return nil
	case len(brief) > 0:
		brought.Short, err = short.Parse(brief[0])
	default:
		brought.Payment, err = x402.DecodeHeader[x402.PaymentPayload](full[0])
	}
	switch {
	case errors.Is(err, x402.ErrUnsupported), errors.Is(err, x402.ErrVersion):
		on.refuseTerms(terms.Refuse(x402.CodeOf(err), "%v", err))
		return nil
	case err != nil:
		on.misread(err.Error())
		return nil
	}
	return &brought
}

// nameOf is that of the only header of a payment that is there.
func nameOf(full []string) string {
	if len(full) > 0 {
		return x402.HeaderPaymentSignature
	}
	return short.HeaderPay
}

// misread answers a payment that cannot be read.
func (on *onHTTP) misread(reason string) {
	on.line.Refuse(on.r.Context(), slog.LevelInfo, string(x402.ErrPayload), reason)
	on.fail(http.StatusBadRequest, reason)
}
