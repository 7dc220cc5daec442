package sale

import (
	"cmp"
	"context"
	"fmt"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
	"github.com/chitpay/chit/x402/short"
)

// Presented is what a request brings to be paid with, as its carrier has found it.
type Presented struct {
	// Payment is that of x402, nil if there is none.
	Payment *x402.PaymentPayload
	// Short is a payment in the short form, in the place of Payment; nil if there is none.
	Short *short.Payment
	// Token is a bearer's, nil if there is none, and Identifier what a call on it is known by
	// when it is made again; "" is none.
	Token      *string
	Identifier string
	// Credential is what Payment came in, where that was the envelope of the Machine Payments
	// Protocol.
	Credential *mpp.Credential
	// Offer is what the call is sold as.
	Offer *offer.Offer
	// Offered are the tools that the same server sells beside, by their price; nil is none.
	Offered func() []terms.PricedTool
}

// BadIdentifier stands for an identifier that cannot be one: every means refuses it.
const BadIdentifier = " "

// Way is a kind of means. Which one pays for a call is up to what its request brings: the
// first that has something to do with it.
type Way interface {
	// By is the means that a request brings for the call of a line, nil where it is none of
	// this way.
	By(l *Line, p Presented) Means
	// Proves reports, before a large request is decoded, whether what it brings can pay at all
	// for what is sold under a name; and if not why, where that is known.
	Proves(ctx context.Context, name string, p Presented) (pays bool, why *terms.Refusal)
	// Explain is why what a request brings does not pay for the call of a line at its price,
	// nil where it may.
	Explain(ctx context.Context, l *Line, p Presented) *Denial
}

// Ways are those by which a shop is paid, in the order in which they are asked.
type Ways []Way

// By is the means that a request brings for the call of a line, nil if it brings none.
func (ways Ways) By(l *Line, p Presented) Means {
	for _, way := range ways {
		if by := way.By(l, p); by != nil {
			return by
		}
	}
	return nil
}

// Proves is [Way.Proves] of the ways: of the first that says yes, or else that knows why not.
func (ways Ways) Proves(ctx context.Context, name string, p Presented) (pays bool, why *terms.Refusal) {
	for _, way := range ways {
		pays, no := way.Proves(ctx, name, p)
		if pays {
			return true, nil
		}
		why = cmp.Or(why, no)
	}
	return false, why
}

// Explain is [Way.Explain] of the first way that knows why not.
func (ways Ways) Explain(ctx context.Context, l *Line, p Presented) *Denial {
	for _, way := range ways {
		if no := way.Explain(ctx, l, p); no != nil {
			return no
		}
	}
	return nil
}

// Means is a way to pay. It knows nothing of how the call came.
type Means interface {
	// Hold sets the price of the line aside for a request. Where the request was paid for and
	// answered before, what was kept of that is returned in its place.
	Hold(ctx context.Context, request [32]byte) (h Held, kept []byte, no *Denial)
	// Busy is the denial of a call of somebody who has too many that are not charged.
	Busy(ctx context.Context, many *TooMany) *Denial
}

// Held is money that is set aside for one call. It is proved: the signature was checked.
type Held interface {
	// Release gives back what was not charged. It may be called again.
	Release()
	// Slices says whether Part can charge. What cannot is charged when its answer is complete.
	Slices() bool
	// Part charges a part of it, durably, with what render keeps beside the charge, and holds
	// the rest on: what is delivered in parts can be paid for in parts. Parts and Commit come
	// one after another, and are together at most what is held. What a part has charged stays
	// charged, also where Release follows, or the process ends: the same payment is then
	// neither run nor charged again. After an error what the part was to pay for must be
	// withheld; what was held and not charged still is.
	Part(ctx context.Context, amount vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error
	// Commit charges a part of it, durably, with what render keeps beside the charge, and
	// gives the rest back. sold is the answer that is paid for, packed, where it is kept: means
	// whose charge takes a while write it down before, and hand it out as Ran when the same
	// payment comes again after a crash. An error that wraps a [*Denied] says that the call is
	// not paid for, and why; any other that it is not known to be charged.
	Commit(ctx context.Context, total vouchers.Amount, sold []byte, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error
	// Ran is what the call was answered with when it ran before, packed, where its charge was
	// not known to its end then; nil for a call that still has to run.
	Ran() []byte
	// Customer is who pays, as limits go by it, and allowances by the payer of its channel.
	Customer() Customer
	// Keeps says whether the answer is kept, for who sends the same again.
	Keeps() bool
	// Receipt begins the receipt, with what is known of the payment.
	Receipt() receipts.Receipt
	// Tell is what the payer is told of a charge, or of a call that has cost nothing, beside the
	// receipt; r is what that will say, nil where there is none.
	Tell(ctx context.Context, charged vouchers.Amount, state ledger.Channel, r *receipts.Receipt) (Told, error)
	// Advice is what a payer can do whose answer is withheld.
	Advice() string
}

// Denial is why a call is not sold: by a voucher, or by a credit token.
type Denial struct {
	// Terms are why in the words of x402, Token in those of credit tokens: one of them is set.
	Terms *terms.Refusal
	Token *terms.CreditRefusal
}

// Denied is the error of a charge that the means refuses after the call has run.
type Denied struct{ Denial *Denial }

// Error implements error.
func (d *Denied) Error() string {
	if d.Denial.Terms != nil {
		return fmt.Sprintf("%s: %s", d.Denial.Terms.Code, d.Denial.Terms.Detail)
	}
	return d.Denial.Token.Message
}

// Told is what an answer says of its payment, beside its receipt.
type Told struct {
	// Response is the receipt of x402, and Short the short one in its place where the payment
	// was in the short form, nil where it was not.
	Response x402.SettlementResponse
	Short    *short.Paid
	Token    *terms.CreditReceipt // of a call on a credit token
	Free     *offer.FreeCall      // nil where the call was not free
}
