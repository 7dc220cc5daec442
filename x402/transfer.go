package x402

import (
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
)

// AuthorizationPayload pays by a transfer of the token's own (EIP-3009), which anybody may
// send. It is a payload of exact.
type AuthorizationPayload struct {
	// Signature is the payer's: of its key, of a contract wallet (ERC-1271), or of one that is not
	// deployed yet (ERC-6492); at most [vouchers.MaxSignature] bytes.
	Signature vouchers.Signature `json:"signature"`
	// Authorization is what is signed.
	Authorization TransferAuthorization `json:"authorization"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// TransferAuthorization is a TransferWithAuthorization (EIP-3009) under the token's own domain.
type TransferAuthorization struct {
	// From is the payer, To the payee.
	From common.Address `json:"from"`
	To   common.Address `json:"to"`
	// Value is what moves, in atomic units.
	Value vouchers.Amount `json:"value"`
	// ValidAfter and ValidBefore bound it, in Unix seconds, both exclusive. They are decimal
	// strings on the wire; moments after 2^64 are refused.
	ValidAfter  uint64 `json:"validAfter,string"`
	ValidBefore uint64 `json:"validBefore,string"`
	// Nonce is the payer's own choice, which the token takes once.
	Nonce common.Hash `json:"nonce"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// Permit2Payload pays by a transfer of Permit2, which the scheme's proxy sends to the payee. It
// is a payload of exact and of upto.
type Permit2Payload struct {
	// Signature is the payer's, as in [AuthorizationPayload].
	Signature vouchers.Signature `json:"signature"`
	// Permit2Authorization is what is signed.
	Permit2Authorization TransferPermit `json:"permit2Authorization"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// TransferPermit is a PermitWitnessTransferFrom of Permit2 with the payee as the witness.
type TransferPermit struct {
	// From is the payer.
	From common.Address `json:"from"`
	// Permitted is what moves; for upto, the most that may.
	Permitted Permitted `json:"permitted"`
	// Spender is the scheme's proxy.
	Spender common.Address `json:"spender"`
	// Nonce is a uint256 that Permit2 takes once, a decimal string on the wire.
	Nonce *big.Int `json:"nonce"`
	// Deadline is the last moment that it can be used, in Unix seconds; a decimal string on the
	// wire.
	Deadline uint64 `json:"deadline,string"`
	// Witness binds it to the payee.
	Witness TransferWitness `json:"witness"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// TransferWitness is the Witness of the proxies: Witness(address to,uint256 validAfter) of exact,
// Witness(address to,address facilitator,uint256 validAfter) of upto.
type TransferWitness struct {
	// To is the payee.
	To common.Address `json:"to"`
	// Facilitator is who may send it, of upto alone; the zero address is absent.
	Facilitator common.Address `json:"facilitator,omitzero"`
	// ValidAfter is the first moment that it can be used, in Unix seconds; a decimal string on
	// the wire.
	ValidAfter uint64 `json:"validAfter,string"`
	// Unknown holds the other members, as one JSON object.
	Unknown jsontext.Value `json:",embed"`
}

// The members that tell the payloads of exact apart.
const (
	byAuthorization = "authorization"
	byPermit2       = "permit2Authorization"
)

// Type is "authorization".
func (*AuthorizationPayload) Type() string { return byAuthorization }

// Type is "permit2Authorization".
func (*Permit2Payload) Type() string { return byPermit2 }

func (*AuthorizationPayload) sealed() {}
func (*Permit2Payload) sealed()       {}

// readTransfer decodes a payload of exact or upto.
func readTransfer(scheme string, raw jsontext.Value) (Payload, error) {
	found, err := members(raw, byAuthorization, byPermit2)
	if err != nil {
		return nil, err
	}
	switch {
	case found[0] != nil && found[1] != nil:
		return nil, Malformed("", "both", "one of "+byAuthorization+" and "+byPermit2)
	case scheme == SchemeUpto:
		p := new(Permit2Payload)
		if err := decodeObject(raw, p); err != nil {
			return nil, err
		}
		if p.Permit2Authorization.Witness.Facilitator == (common.Address{}) {
			return nil, Malformed(byPermit2+".witness.facilitator", "", "the address that sends the transfer")
		}
		return p, nil
	case found[1] != nil:
		p := new(Permit2Payload)
		return p, decodeObject(raw, p)
	}
	p := new(AuthorizationPayload)
	return p, decodeObject(raw, p)
}

// UnmarshalJSONFrom refuses a payload that lacks a member.
func (p *AuthorizationPayload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain AuthorizationPayload
	*p = AuthorizationPayload{}
	return readObject(dec, (*plain)(p), byAuthorization, "signature")
}

// UnmarshalJSONFrom refuses an authorization that lacks a member.
func (a *TransferAuthorization) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain TransferAuthorization
	*a = TransferAuthorization{}
	return readObject(dec, (*plain)(a), "from", "to", "value", "validAfter", "validBefore", "nonce")
}

// UnmarshalJSONFrom refuses a payload that lacks a member.
func (p *Permit2Payload) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain Permit2Payload
	*p = Permit2Payload{}
	return readObject(dec, (*plain)(p), byPermit2, "signature")
}

// UnmarshalJSONFrom refuses a permit that lacks a member.
func (a *TransferPermit) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain TransferPermit
	*a = TransferPermit{}
	return readObject(dec, (*plain)(a), "from", "permitted", "spender", "nonce", "deadline", "witness")
}

// UnmarshalJSONFrom refuses a witness without a payee or a moment.
func (w *TransferWitness) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plain TransferWitness
	*w = TransferWitness{}
	return readObject(dec, (*plain)(w), "to", "validAfter")
}
