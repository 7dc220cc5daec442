package x402

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// ChannelState is where a channel stands, as the seller sees it (the scheme's
// channelState). A receipt may carry a part of it alone: see [ChannelState.Partial].
type ChannelState struct {
	// ChannelID names the channel.
	ChannelID vouchers.ChannelID
	// Balance is what was deposited less what was refunded or withdrawn, in atomic units.
	Balance vouchers.Amount
	// TotalClaimed is what was claimed on chain over the channel's life, in atomic units.
	TotalClaimed vouchers.Amount
	// WithdrawRequestedAt is when the payer asked to withdraw, in Unix seconds; 0 is never.
	WithdrawRequestedAt uint64
	// RefundNonce is the escrow's nonce for the channel's next refund.
	RefundNonce uint64
	// ChargedCumulativeAmount is what the seller charged over the channel's life, in
	// atomic units; nil is absent.
	ChargedCumulativeAmount *vouchers.Amount
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value

	absent uint8 // a bit for each of the first five members that the wire left out
}

// channelState is [ChannelState] on the wire.
type channelState struct {
	ChannelID               *vouchers.ChannelID `json:"channelId,omitzero"`
	Balance                 *vouchers.Amount    `json:"balance,omitzero"`
	TotalClaimed            *vouchers.Amount    `json:"totalClaimed,omitzero"`
	WithdrawRequestedAt     *uint64             `json:"withdrawRequestedAt,omitzero"`
	RefundNonce             *uint64             `json:"refundNonce,string,omitzero"`
	ChargedCumulativeAmount *vouchers.Amount    `json:"chargedCumulativeAmount,omitzero"`
	Unknown                 jsontext.Value      `json:",embed"`
}

// Partial reports whether the wire left out one of the members that a full state
// has; the fields of those are zero.
func (s ChannelState) Partial() bool { return s.absent != 0 }

// MarshalJSONTo encodes the state as part of a document. Members that the wire left
// out stay out while they are zero.
func (s ChannelState) MarshalJSONTo(enc *jsontext.Encoder) error {
	return json.MarshalEncode(enc, &channelState{
		ChannelID:               present(s.absent, 0, &s.ChannelID),
		Balance:                 present(s.absent, 1, &s.Balance),
		TotalClaimed:            present(s.absent, 2, &s.TotalClaimed),
		WithdrawRequestedAt:     present(s.absent, 3, &s.WithdrawRequestedAt),
		RefundNonce:             present(s.absent, 4, &s.RefundNonce),
		ChargedCumulativeAmount: s.ChargedCumulativeAmount,
		Unknown:                 s.Unknown,
	}, encoding)
}

func present[T comparable](absent uint8, bit int, v *T) *T {
	var zero T
	if absent&(1<<bit) != 0 && *v == zero {
		return nil
	}
	return v
}

// UnmarshalJSONFrom decodes a state as part of a document.
func (s *ChannelState) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var wire channelState
	if err := readObject(dec, &wire); err != nil {
		return err
	}
	*s = ChannelState{ChargedCumulativeAmount: wire.ChargedCumulativeAmount, Unknown: wire.Unknown}
	take(&s.absent, 0, wire.ChannelID, &s.ChannelID)
	take(&s.absent, 1, wire.Balance, &s.Balance)
	take(&s.absent, 2, wire.TotalClaimed, &s.TotalClaimed)
	take(&s.absent, 3, wire.WithdrawRequestedAt, &s.WithdrawRequestedAt)
	take(&s.absent, 4, wire.RefundNonce, &s.RefundNonce)
	return nil
}

func take[T any](absent *uint8, bit int, from, to *T) {
	if from == nil {
		*absent |= 1 << bit
		return
	}
	*to = *from
}

// VoucherState is the last voucher that a seller has of a payer, with the payer's
// own signature as the proof (the scheme's voucherState).
type VoucherState struct {
	// SignedMaxClaimable is the voucher's ceiling, in atomic units; nil is absent.
	SignedMaxClaimable *vouchers.Amount `json:"signedMaxClaimable,omitzero"`
	// Signature is the payer's; nil is absent.
	Signature vouchers.Signature `json:"signature,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// SignedVoucher is a payer's voucher with its signature (the scheme's voucher).
type SignedVoucher struct {
	// ChannelID names the channel that the voucher draws on.
	ChannelID vouchers.ChannelID `json:"channelId"`
	// MaxClaimableAmount is the ceiling over the channel's life, in atomic units.
	MaxClaimableAmount vouchers.Amount `json:"maxClaimableAmount"`
	// Signature is the voucher signer's.
	Signature vouchers.Signature `json:"signature"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Voucher returns what is signed.
func (v SignedVoucher) Voucher() vouchers.Voucher {
	return vouchers.Voucher{Channel: v.ChannelID, Ceiling: v.MaxClaimableAmount}
}

// UnmarshalJSONFrom refuses a voucher that lacks a member.
func (v *SignedVoucher) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain SignedVoucher
	*v = SignedVoucher{}
	return readObject(dec, (*plain)(v), "channelId", "maxClaimableAmount", "signature")
}

// channelConfig is [vouchers.ChannelConfig] on the wire. It has no room for unknown
// members: the channel id is the hash of these seven.
type channelConfig struct {
	Payer              common.Address `json:"payer"`
	PayerAuthorizer    common.Address `json:"payerAuthorizer"`
	Receiver           common.Address `json:"receiver"`
	ReceiverAuthorizer common.Address `json:"receiverAuthorizer"`
	Token              common.Address `json:"token"`
	WithdrawDelay      uint64         `json:"withdrawDelay"`
	Salt               common.Hash    `json:"salt"`
}

func writeConfig(enc *jsontext.Encoder, c vouchers.ChannelConfig) error {
	return json.MarshalEncode(enc, (*channelConfig)(&c))
}

func readConfig(dec *jsontext.Decoder, c *vouchers.ChannelConfig) error {
	return json.UnmarshalDecode(dec, (*channelConfig)(c))
}

// UnmarshalJSONFrom refuses a config that lacks a member, or whose delay is no uint40.
func (c *channelConfig) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain channelConfig
	*c = channelConfig{}
	if err := readObject(dec, (*plain)(c), "payer", "payerAuthorizer", "receiver", "receiverAuthorizer", "token", "withdrawDelay", "salt"); err != nil {
		return err
	}
	const maxUint40 = 1<<40 - 1
	if c.WithdrawDelay > maxUint40 {
		return Malformed("withdrawDelay", vouchers.Amount(c.WithdrawDelay).Atomic(), "seconds that fit 40 bits")
	}
	return nil
}
