package sale

import (
	"context"

	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
)

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
	// Release gives it back, unless it was charged. It may be called again.
	Release()
	// Commit charges a part of it, durably, with what render keeps beside the charge.
	Commit(ctx context.Context, total vouchers.Amount, render func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) error
	// Customer is who pays, as limits go by it, and Payer who that is as allowances do.
	Customer() Customer
	Payer() offer.Payer
	// Keeps says whether the answer is kept, for who sends the same again.
	Keeps() bool
	// Receipt begins the receipt, with what is known of the payment.
	Receipt() receipts.Receipt
	// Tell is what the payer is told of a charge; r is nil where there is no receipt.
	Tell(ctx context.Context, charged vouchers.Amount, state ledger.Channel, r *receipts.Signed) (Told, error)
	// Uncharged is what the payer is told of a call that has cost nothing; false is nothing.
	Uncharged(ctx context.Context) (t Told, tells bool, err error)
	// Advice is what a payer can do whose answer is withheld.
	Advice() string
}

// Denial is why a call is not sold: by a voucher, or by a credit token.
type Denial struct {
	Terms *terms.Refusal
	Token *terms.CreditRefusal
}

// Told is what an answer says of its payment.
type Told struct {
	Response x402.SettlementResponse
	Token    *terms.CreditReceipt // of a call on a credit token
	Receipt  *receipts.Signed     // nil where nothing was charged
	Free     *offer.FreeCall      // nil where the call was not free
}
