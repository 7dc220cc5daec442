package x402

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// SettlementResponse is the receipt of a payment (x402 v2, SettlementResponse).
type SettlementResponse struct {
	// Success is whether the payment was taken.
	Success bool
	// ErrorReason is why it was not; empty is absent.
	ErrorReason ErrorCode
	// ErrorMessage explains ErrorReason to people; empty is absent.
	ErrorMessage string
	// Transaction is the hash of the transaction of a deposit, a refund or a transfer, "0x"
	// and 64 hex digits; "" for a voucher, which makes none.
	Transaction string
	// Network is the CAIP-2 name of the chain.
	Network string
	// Payer is the channel's or the transfer's; the zero address is absent.
	Payer common.Address
	// Amount is what was deposited, refunded or transferred, in atomic units; nil is none,
	// which the wire leaves out or gives as "".
	Amount *vouchers.Amount
	// Extra is what the scheme adds; its zero value is absent.
	Extra SettlementExtra
	// Extensions answer the payer's; nil is absent.
	Extensions Extensions
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value

	emptyAmount bool // the wire gave Amount as ""
}

// SettlementExtra is what the batch-settlement scheme adds to a receipt.
type SettlementExtra struct {
	// ChargedAmount is what the call cost, in atomic units; nil is absent.
	ChargedAmount *vouchers.Amount `json:"chargedAmount,omitzero"`
	// ChannelState is where the channel stands after the call; nil is absent.
	ChannelState *ChannelState `json:"channelState,omitzero"`
	// VoucherState is the last voucher that the seller has; nil is absent.
	VoucherState *VoucherState `json:"voucherState,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// settlementResponse is [SettlementResponse] on the wire.
type settlementResponse struct {
	Success      bool            `json:"success"`
	ErrorReason  ErrorCode       `json:"errorReason,omitzero"`
	ErrorMessage string          `json:"errorMessage,omitzero"`
	Transaction  string          `json:"transaction"`
	Network      string          `json:"network"`
	Payer        common.Address  `json:"payer,omitzero"`
	Amount       *settledAmount  `json:"amount,omitzero"`
	Extra        SettlementExtra `json:"extra,omitzero"`
	Extensions   Extensions      `json:"extensions,omitzero"`
	Unknown      jsontext.Value  `json:",embed"`
}

// settledAmount is an amount, or nil where the wire says "".
type settledAmount struct{ amount *vouchers.Amount }

func parseSettledAmount(s string) (settledAmount, error) {
	if s == "" {
		return settledAmount{}, nil
	}
	amount, err := vouchers.ParseAtomic(s)
	return settledAmount{&amount}, err
}

// MarshalText returns "" for no amount.
func (a settledAmount) MarshalText() ([]byte, error) {
	if a.amount == nil {
		return nil, nil
	}
	return a.amount.MarshalText()
}

// MarshalJSON encodes the document for encoding/json.
func (d SettlementResponse) MarshalJSON() ([]byte, error) {
	const usual = 512 // bytes of the receipt of a call
	return d.AppendJSON(make([]byte, 0, usual))
}

// UnmarshalJSON is [DecodeSettlementResponse] for encoding/json.
func (d *SettlementResponse) UnmarshalJSON(data []byte) error { return decodeInto(d, data, nil) }

// MarshalJSONTo encodes the document for the successor of encoding/json.
func (d SettlementResponse) MarshalJSONTo(enc *jsontext.Encoder) error {
	wire := settlementResponse{
		Success: d.Success, ErrorReason: d.ErrorReason, ErrorMessage: d.ErrorMessage, Transaction: d.Transaction,
		Network: d.Network, Payer: d.Payer, Extra: d.Extra, Extensions: d.Extensions, Unknown: d.Unknown,
	}
	if d.Amount != nil || d.emptyAmount {
		wire.Amount = &settledAmount{d.Amount}
	}
	return json.MarshalEncode(enc, &wire, encoding)
}

// UnmarshalJSONFrom is [DecodeSettlementResponse] without its limits, for the
// successor of encoding/json.
func (d *SettlementResponse) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var wire settlementResponse
	if err := readObject(dec, &wire, "success", "transaction", "network"); err != nil {
		return err
	}
	if wire.Transaction != "" {
		if _, err := parseHash(wire.Transaction); err != nil {
			return Malformed("transaction", quote(wire.Transaction), wantHash+`, or ""`)
		}
	}
	*d = SettlementResponse{
		Success: wire.Success, ErrorReason: wire.ErrorReason, ErrorMessage: wire.ErrorMessage, Transaction: wire.Transaction,
		Network: wire.Network, Payer: wire.Payer, Extra: wire.Extra, Extensions: wire.Extensions, Unknown: wire.Unknown,
	}
	if wire.Amount != nil {
		d.Amount, d.emptyAmount = wire.Amount.amount, wire.Amount.amount == nil
	}
	return nil
}
