package x402

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// Deposit is money that a payer lets into a channel: the payer signs, the seller or
// a facilitator submits (the scheme's deposit).
type Deposit struct {
	// Amount is what moves, in atomic units.
	Amount vouchers.Amount `json:"amount"`
	// Authorization is the payer's consent.
	Authorization Authorization `json:"authorization"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Authorization is a payer's consent to a deposit. Exactly one of Erc3009 and
// Permit2 is there.
type Authorization struct {
	// Erc3009 is a signed receiveWithAuthorization of the token.
	Erc3009 *Erc3009Authorization `json:"erc3009Authorization,omitzero"`
	// Permit2 is a signed transfer by Permit2.
	Permit2 *Permit2Authorization `json:"permit2Authorization,omitzero"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Erc3009Authorization is a ReceiveWithAuthorization (EIP-3009) to the escrow's
// collector, with the nonce keccak256(abi.encode(channelId, salt)).
type Erc3009Authorization struct {
	// ValidAfter and ValidBefore bound it, in Unix seconds, both exclusive. They are
	// decimal strings on the wire.
	ValidAfter, ValidBefore uint64
	// Salt is a uint256, "0x" and 64 hex digits on the wire.
	Salt *big.Int
	// Signature is the payer's.
	Signature vouchers.Signature
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value
}

// erc3009Authorization is [Erc3009Authorization] on the wire.
type erc3009Authorization struct {
	ValidAfter  uint64             `json:"validAfter,string"`
	ValidBefore uint64             `json:"validBefore,string"`
	Salt        common.Hash        `json:"salt"`
	Signature   vouchers.Signature `json:"signature"`
	Unknown     jsontext.Value     `json:",embed"`
}

// Permit2Authorization is a PermitWitnessTransferFrom of Permit2 with the channel id
// as the witness.
type Permit2Authorization struct {
	// From is the payer.
	From common.Address `json:"from"`
	// Permitted is what may be moved.
	Permitted Permitted `json:"permitted"`
	// Spender is the escrow's collector.
	Spender common.Address `json:"spender"`
	// Nonce is a uint256, a decimal string on the wire.
	Nonce *big.Int `json:"nonce"`
	// Deadline is the last moment that it can be used, in Unix seconds; a decimal
	// string on the wire.
	Deadline uint64 `json:"deadline,string"`
	// Witness binds it to the channel.
	Witness Witness `json:"witness"`
	// Signature is the payer's.
	Signature vouchers.Signature `json:"signature"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Permitted is Permit2's TokenPermissions.
type Permitted struct {
	// Token is the ERC-20.
	Token common.Address `json:"token"`
	// Amount is in atomic units.
	Amount vouchers.Amount `json:"amount"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Witness is the scheme's DepositWitness.
type Witness struct {
	// ChannelID names the channel that the money goes to.
	ChannelID vouchers.ChannelID `json:"channelId"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// UnmarshalJSONFrom refuses a deposit that lacks a member.
func (d *Deposit) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Deposit
	*d = Deposit{}
	return readObject(dec, (*plain)(d), "amount", "authorization")
}

// UnmarshalJSONFrom refuses none and more than one authorization.
func (a *Authorization) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Authorization
	*a = Authorization{}
	if err := readObject(dec, (*plain)(a)); err != nil {
		return err
	}
	const want = "one of erc3009Authorization and permit2Authorization"
	switch {
	case a.Erc3009 != nil && a.Permit2 != nil:
		return Malformed("", "both", want)
	case a.Erc3009 == nil && a.Permit2 == nil:
		return Malformed("", "neither", want)
	}
	return nil
}

// MarshalJSONTo encodes the authorization as part of a document. A salt that is no
// uint256 is an error that wraps [ErrMalformed].
func (a Erc3009Authorization) MarshalJSONTo(enc *jsontext.Encoder) error {
	if !isUint256(a.Salt) {
		return Malformed("salt", bigText(a.Salt), "a uint256")
	}
	return json.MarshalEncode(enc, &erc3009Authorization{
		ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Salt: common.BigToHash(a.Salt), Signature: a.Signature, Unknown: a.Unknown,
	}, encoding)
}

// UnmarshalJSONFrom refuses an authorization that lacks a member.
func (a *Erc3009Authorization) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var wire erc3009Authorization
	if err := readObject(dec, &wire, "validAfter", "validBefore", "salt", "signature"); err != nil {
		return err
	}
	*a = Erc3009Authorization{
		ValidAfter: wire.ValidAfter, ValidBefore: wire.ValidBefore, Salt: wire.Salt.Big(), Signature: wire.Signature, Unknown: wire.Unknown,
	}
	return nil
}

// UnmarshalJSONFrom refuses an authorization that lacks a member.
func (a *Permit2Authorization) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Permit2Authorization
	*a = Permit2Authorization{}
	return readObject(dec, (*plain)(a), "from", "permitted", "spender", "nonce", "deadline", "witness", "signature")
}

// UnmarshalJSONFrom refuses permissions that lack a member.
func (p *Permitted) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Permitted
	*p = Permitted{}
	return readObject(dec, (*plain)(p), "token", "amount")
}

// UnmarshalJSONFrom refuses a witness without a channel.
func (w *Witness) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Witness
	*w = Witness{}
	return readObject(dec, (*plain)(w), "channelId")
}
