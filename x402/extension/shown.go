package extension

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// NameReceipt is the name of chit's extension by which a payer shows the newest receipt that it
// has of a channel. Sellers whose store was restored from a backup ask for it in their terms
// ([AskReceipt]), of payers that say with each payment that they keep receipts
// ([KeepsReceipts]).
const NameReceipt = "chit-receipt"

// Shown is what a payer shows of a channel. One without members says that the payer keeps the
// seller's receipts, and may be asked for the newest.
type Shown struct {
	// Latest is the seller's receipt, as it travels; "" is none.
	Latest string `json:"latest,omitempty"`
	// Counted is what the payer counts: what its vouchers are signed over when nothing is in
	// flight. It is nil where the payer was not asked.
	Counted *vouchers.Amount `json:"counted,omitempty"`
}

// IsAnswer reports whether something is shown.
func (s *Shown) IsAnswer() bool { return s != nil && (s.Latest != "" || s.Counted != nil) }

// AskedReceipt is what a seller asks a payer to show.
type AskedReceipt struct {
	// Channel is that of the payment that is refused.
	Channel vouchers.ChannelID `json:"channelId"`
	// Epoch is that of the seller's store (see [vouchers.Epoch]).
	Epoch uint64 `json:"epoch"`
}

// askedReceipt is the extension's value in terms.
type askedReceipt struct {
	Info AskedReceipt `json:"info"`
}

// KeepsReceipts returns a copy of a payment's extensions that says that its payer keeps receipts.
func KeepsReceipts(extensions x402.Extensions) x402.Extensions {
	return extensions.With(NameReceipt, jsontext.Value(`{}`))
}

// ShowReceipt returns a copy of a payment's extensions with what its payer shows.
func ShowReceipt(extensions x402.Extensions, s Shown) (x402.Extensions, error) {
	return extensions.Encode(NameReceipt, s)
}

// ShownReceipt returns what the extensions of a payment show; it is nil where its payer keeps no
// receipts. Errors wrap [x402.ErrMalformed].
func ShownReceipt(extensions x402.Extensions) (*Shown, error) {
	return x402.ReadExtension[Shown](extensions, NameReceipt)
}

// AskReceipt returns a copy of the extensions of terms that asks for a receipt.
func AskReceipt(extensions x402.Extensions, asked AskedReceipt) (x402.Extensions, error) {
	return extensions.Encode(NameReceipt, askedReceipt{asked})
}

// AskedFor returns what the extensions of terms ask for, nil if nothing. Errors wrap
// [x402.ErrMalformed].
func AskedFor(extensions x402.Extensions) (*AskedReceipt, error) {
	asked, err := x402.ReadExtension[askedReceipt](extensions, NameReceipt)
	if err != nil || asked == nil {
		return nil, err
	}
	return &asked.Info, nil
}
