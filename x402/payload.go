package x402

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// PaymentPayload is a payer's payment (x402 v2, PaymentPayload).
type PaymentPayload struct {
	// Resource is what is paid for; nil is absent.
	Resource *Resource `json:"resource,omitzero"`
	// Accepted is the entry of [PaymentRequired.Accepts] that the payer chose.
	Accepted Requirements `json:"accepted"`
	// Payload is the payment itself.
	Payload Payload `json:"payload"`
	// Extensions answer the seller's; nil is absent.
	Extensions Extensions `json:"extensions,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Payload is a [*DepositPayload], a [*VoucherPayload] or a [*RefundPayload].
type Payload interface {
	// Type is the discriminator on the wire: "deposit", "voucher" or "refund".
	Type() string

	sealed()
}

// The values of [Payload.Type].
const (
	typeDeposit = "deposit"
	typeVoucher = "voucher"
	typeRefund  = "refund"
)

// DepositPayload pays for a call and moves money into the channel first.
type DepositPayload struct {
	// ChannelConfig is the channel's.
	ChannelConfig vouchers.ChannelConfig `json:"channelConfig"`
	// Voucher pays for the call.
	Voucher SignedVoucher `json:"voucher"`
	// Deposit is the money that comes in.
	Deposit Deposit `json:"deposit"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// VoucherPayload pays for a call from what the channel holds.
type VoucherPayload struct {
	// ChannelConfig is the channel's.
	ChannelConfig vouchers.ChannelConfig `json:"channelConfig"`
	// Voucher pays for the call.
	Voucher SignedVoucher `json:"voucher"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// RefundPayload asks for what is left in the channel.
type RefundPayload struct {
	// ChannelConfig is the channel's.
	ChannelConfig vouchers.ChannelConfig `json:"channelConfig"`
	// Voucher has what was charged so far as its ceiling.
	Voucher SignedVoucher `json:"voucher"`
	// Amount is what to give back, in atomic units; nil is all that is left.
	Amount *vouchers.Amount `json:"amount,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Type is "deposit".
func (*DepositPayload) Type() string { return typeDeposit }

// Type is "voucher".
func (*VoucherPayload) Type() string { return typeVoucher }

// Type is "refund".
func (*RefundPayload) Type() string { return typeRefund }

func (*DepositPayload) sealed() {}
func (*VoucherPayload) sealed() {}
func (*RefundPayload) sealed()  {}

// MarshalJSON encodes the document for encoding/json.
func (d PaymentPayload) MarshalJSON() ([]byte, error) { return marshal(d) }

// UnmarshalJSON is [DecodePaymentPayload] for encoding/json.
func (d *PaymentPayload) UnmarshalJSON(data []byte) error { return decodeInto(d, data, nil) }

// MarshalJSONTo encodes the document for the successor of encoding/json.
func (d PaymentPayload) MarshalJSONTo(enc *jsontext.Encoder) error {
	type plain PaymentPayload
	return json.MarshalEncode(enc, versioned[plain]{Version, (*plain)(&d)}, encoding)
}

// UnmarshalJSONFrom is [DecodePaymentPayload] without its limits, for the successor
// of encoding/json.
func (d *PaymentPayload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	found, err := documentMembers(raw, "accepted", "payload")
	if err != nil {
		return err
	}
	accepted, err := members(found[0], headNames[:]...)
	if err == nil {
		_, _, err = readHead(accepted)
	}
	if err != nil {
		return within("accepted", err)
	}
	type plain PaymentPayload
	*d = PaymentPayload{}
	return decodeObject(raw, &versioned[plain]{Body: (*plain)(d)})
}

// tagged adds the discriminator to a payload.
type tagged[T any] struct {
	Type string `json:"type"`
	Body *T     `json:",embed"`
}

// MarshalJSONTo encodes the payload as part of a document.
func (p *DepositPayload) MarshalJSONTo(enc *jsontext.Encoder) error {
	type plain DepositPayload
	return json.MarshalEncode(enc, tagged[plain]{typeDeposit, (*plain)(p)}, encoding)
}

// MarshalJSONTo encodes the payload as part of a document.
func (p *VoucherPayload) MarshalJSONTo(enc *jsontext.Encoder) error {
	type plain VoucherPayload
	return json.MarshalEncode(enc, tagged[plain]{typeVoucher, (*plain)(p)}, encoding)
}

// MarshalJSONTo encodes the payload as part of a document.
func (p *RefundPayload) MarshalJSONTo(enc *jsontext.Encoder) error {
	type plain RefundPayload
	return json.MarshalEncode(enc, tagged[plain]{typeRefund, (*plain)(p)}, encoding)
}

func readPayload(dec *jsontext.Decoder, p *Payload) error {
	var read anyPayload
	err := json.UnmarshalDecode(dec, &read)
	*p = read.payload
	return err
}

// anyPayload decodes the kind of payload that its discriminator names.
type anyPayload struct{ payload Payload }

// UnmarshalJSONFrom refuses a type that is not known.
func (p *anyPayload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	names := []string{"type", "channelConfig", "voucher", "deposit"}
	found, err := members(raw, names...)
	if err != nil {
		return err
	}
	if err := require(found[:3], names); err != nil {
		return err
	}
	kind, err := stringOf("type", found[0])
	if err != nil {
		return err
	}
	switch kind {
	case typeDeposit:
		if err := require(found, names); err != nil {
			return err
		}
		type plain DepositPayload
		var d DepositPayload
		p.payload = &d
		return decodeObject(raw, &tagged[plain]{Body: (*plain)(&d)})
	case typeVoucher:
		type plain VoucherPayload
		var v VoucherPayload
		p.payload = &v
		return decodeObject(raw, &tagged[plain]{Body: (*plain)(&v)})
	case typeRefund:
		type plain RefundPayload
		var r RefundPayload
		p.payload = &r
		return decodeObject(raw, &tagged[plain]{Body: (*plain)(&r)})
	}
	return &DecodeError{Path: "type", Value: quote(kind), Want: `"deposit", "voucher" or "refund"`, Err: ErrUnsupported}
}
