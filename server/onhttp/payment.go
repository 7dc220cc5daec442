package onhttp

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/chitpay/chit/server/envelope"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
	"github.com/chitpay/chit/x402/v1"
)

// form is a header that a payment comes in.
type form struct {
	header string
	read   func(on *onHTTP, value string) (sale.Presented, error)
	// code is what one is refused with that is in another scheme or version.
	code func(error) x402.ErrorCode
}

var forms = []form{
	{x402.HeaderPaymentSignature, func(_ *onHTTP, value string) (brought sale.Presented, err error) {
		brought.Payment, err = x402.DecodeHeader[x402.PaymentPayload](value)
		return brought, err
	}, x402.CodeOf},
	{short.HeaderPay, func(_ *onHTTP, value string) (brought sale.Presented, err error) {
		brought.Short, err = short.Parse(value)
		return brought, err
	}, x402.CodeOf},
	{v1.HeaderPayment, func(on *onHTTP, value string) (brought sale.Presented, err error) {
		brought.Payment, err = envelope.FirstHeader(value, on.seller.Desk.Transfers())
		return brought, err
	}, v1.CodeOf},
}

// bringsPayment says whether the request has a header of a payment, be it an empty one.
func (on *onHTTP) bringsPayment() bool {
	if on.credential != nil || on.badCredential != nil {
		return true
	}
	for _, f := range forms {
		if len(on.r.Header.Values(f.header)) > 0 {
			return true
		}
	}
	return false
}

// isPaid says whether the request brings what looks like a payment, which goes before a token.
func (on *onHTTP) isPaid() bool {
	if on.credential != nil || on.badCredential != nil {
		return true
	}
	for _, f := range forms {
		if on.r.Header.Get(f.header) != "" {
			return true
		}
	}
	return false
}

// payment reads what a request is paid with, in whichever form, nil where there is nothing that
// can be read, which is answered.
func (on *onHTTP) payment() *sale.Presented {
	found, reason := on.form()
	switch {
	case reason != "":
		on.misread(reason)
		return nil
	case found == nil && on.badCredential != nil:
		on.refuseCredential(on.badCredential)
		return nil
	case found == nil && on.credential != nil:
		return on.credited()
	case found == nil:
		on.refuseTerms(terms.Unpaid)
		return nil
	}
	brought, err := found.read(on, on.r.Header.Get(found.header))
	switch {
	case errors.Is(err, x402.ErrUnsupported), errors.Is(err, x402.ErrVersion):
		on.refuseTerms(terms.Refuse(found.code(err), "%v", err))
		return nil
	case err != nil:
		on.misread(err.Error())
		return nil
	}
	return &brought
}

// form is the one in which the payment comes, nil where it comes in no header of its own, or why
// it cannot be told.
func (on *onHTTP) form() (found *form, reason string) {
	for i, f := range forms {
		values := on.r.Header.Values(f.header)
		switch {
		case len(values) == 0:
			continue
		case len(values) > 1:
			return nil, fmt.Sprintf("%d %s headers, want one", len(values), f.header)
		case found != nil:
			return nil, fmt.Sprintf("both %s and %s, want one of them", found.header, f.header)
		case on.credential != nil || on.badCredential != nil:
			return nil, fmt.Sprintf("both %s and a credential of MPP, want one of them", f.header)
		}
		found = &forms[i]
	}
	return found, ""
}

// misread answers a payment that cannot be read.
func (on *onHTTP) misread(reason string) {
	on.line.Refuse(on.r.Context(), slog.LevelInfo, string(x402.ErrPayload), reason)
	on.fail(http.StatusBadRequest, reason)
}
