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

// Payload is what the scheme of [PaymentPayload.Accepted] has: a [*DepositPayload], a
// [*VoucherPayload] or a [*RefundPayload] for batch-settlement, an [*AuthorizationPayload] or a
// [*Permit2Payload] for exact, and a [*Permit2Payload] for upto.
type Payload interface {
	// Type is what the kind is known by on the wire: the member type of batch-settlement
	// ("deposit", "voucher" or "refund"), or the name of the member that others have not
	// ("authorization" or "permit2Authorization").
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
	var scheme string
	if err == nil {
		scheme, _, err = readHead(accepted)
	}
	if err != nil {
		return within("accepted", err)
	}
	var wire paymentPayload
	if err := decodeObject(raw, &versioned[paymentPayload]{Body: &wire}); err != nil {
		return err
	}
	if err := wire.Accepted.unread; err != nil {
		return within("accepted", err)
	}
	payload, err := readPayload(scheme, found[1])
	if err != nil {
		return within("payload", err)
	}
	*d = PaymentPayload{Resource: wire.Resource, Accepted: wire.Accepted, Payload: payload, Extensions: wire.Extensions, Unknown: wire.Unknown}
	return nil
}

// paymentPayload is [PaymentPayload] before the scheme has told what its payload is.
type paymentPayload struct {
	Resource   *Resource      `json:"resource"`
	Accepted   Requirements   `json:"accepted"`
	Payload    jsontext.Value `json:"payload"`
	Extensions Extensions     `json:"extensions"`
	Unknown    jsontext.Value `json:",embed"`
}

// readPayload decodes the payload of a payment by a scheme that is spoken.
func readPayload(scheme string, raw jsontext.Value) (Payload, error) {
	if scheme != SchemeBatchSettlement {
		return readTransfer(scheme, raw)
	}
	return readChannelPayload(raw)
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

// readChannelPayload decodes the kind of payload that its discriminator names.
func readChannelPayload(raw jsontext.Value) (Payload, error) {
	names := []string{"type", "channelConfig", "voucher", "deposit"}
	found, err := members(raw, names...)
	if err != nil {
		return nil, err
	}
	if err := require(found[:3], names); err != nil {
		return nil, err
	}
	kind, err := stringOf("type", found[0])
	if err != nil {
		return nil, err
	}
	switch kind {
	case typeDeposit:
		if err := require(found, names); err != nil {
			return nil, err
		}
		type plain DepositPayload
		var d DepositPayload
		return &d, decodeObject(raw, &tagged[plain]{Body: (*plain)(&d)})
	case typeVoucher:
		type plain VoucherPayload
		var v VoucherPayload
		return &v, decodeObject(raw, &tagged[plain]{Body: (*plain)(&v)})
	case typeRefund:
		type plain RefundPayload
		var r RefundPayload
		return &r, decodeObject(raw, &tagged[plain]{Body: (*plain)(&r)})
	}
	return nil, &DecodeError{Path: "type", Value: quote(kind), Want: `"deposit", "voucher" or "refund"`, Err: ErrUnsupported}
}
