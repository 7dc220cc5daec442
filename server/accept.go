package server

import (
	"context"

	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/voucher"
	"github.com/chitpay/chit/x402"
)

// desk says what is asked for, in all the ways in which the shop is paid.
type desk struct {
	*voucher.Seller

	transfers *exact.Seller
	accept    offer.Accept
}

// Required is the answer to a request that is not paid as it should be: the ways to pay stand in
// the order in which they are accepted. Where a channel's state is told it comes first, since
// stock clients recover from the first.
func (d *desk) Required(a terms.Asked) *x402.PaymentRequired {
	required := d.Seller.Required(a)
	accept := d.accept
	if a.Offer != nil {
		accept = a.Offer.Accept.Or(d.accept)
	}
	if a.Offer == nil || len(accept) == 0 {
		return required
	}
	byExact, byUpto := d.transfers.Requirements(a)
	by := map[string][]x402.Requirements{offer.BatchSettlement: required.Accepts, offer.Exact: byExact, offer.Upto: byUpto}
	required.Accepts = nil
	if a.Refusal.Channel != nil {
		required.Accepts, by[offer.BatchSettlement] = by[offer.BatchSettlement], nil
	}
	for _, way := range accept {
		required.Accepts = append(required.Accepts, by[way]...)
	}
	if len(byUpto)+len(byExact) > 0 {
		required.Extensions = d.transfers.Announce(required.Extensions)
	}
	return required
}

// Charges implements [onhttp.Desk].
func (d *desk) Charges(a terms.Asked) []x402.Requirements { return d.transfers.Charges(a) }

// Transfers implements [onhttp.Desk].
func (d *desk) Transfers() []x402.Requirements { return d.transfers.Transfers() }

// vouchersWhere takes vouchers for what is sold by them.
type vouchersWhere struct {
	*voucher.Seller

	accept offer.Accept
}

// By implements [sale.Way].
func (w vouchersWhere) By(l *sale.Line, p sale.Presented) sale.Means {
	by := w.Seller.By(l, p)
	if by == nil || p.Offer == nil || p.Offer.Accept.Or(w.accept).Takes(offer.BatchSettlement) {
		return by
	}
	return notAccepted{}
}

// notAccepted is a means that what is asked for is not sold by.
type notAccepted struct{}

func (notAccepted) Hold(context.Context, [32]byte) (sale.Held, []byte, *sale.Denial) {
	return nil, nil, &sale.Denial{Terms: terms.Refuse(x402.ErrUnsupportedScheme, "this is not sold by %s: pay in one of the ways in accepts", offer.BatchSettlement)}
}

func (notAccepted) Busy(_ context.Context, many *sale.TooMany) *sale.Denial {
	return &sale.Denial{Terms: terms.Refuse(x402.ErrUnsupportedScheme, "%v", many)}
}
