package extension

import (
	"cmp"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// NameTokenPermit is the name of the extension by which a payer approves Permit2 without a
// transaction of its own: a token permit (EIP-2612), which is sent with the payment. A seller
// announces it in its terms ([AnnounceTokenPermits]).
const NameTokenPermit = "eip2612GasSponsoring"

// TokenPermit is a signed Permit of the token (EIP-2612), as the extension has it in version 1.
type TokenPermit struct {
	// From is the owner of the tokens.
	From common.Address
	// Asset is the token.
	Asset common.Address
	// Spender is who is approved: Permit2.
	Spender common.Address
	// Amount is what is approved, in atomic units, a uint256: often the most there is.
	Amount *big.Int
	// Nonce is that of the owner in the token, a uint256.
	Nonce *big.Int
	// Deadline is the last moment that it can be used, in Unix seconds.
	Deadline uint64
	// Signature is the owner's.
	Signature vouchers.Signature
	// Version is that of the extension; empty is written as the announced one, or 1.
	Version string
}

// tokenPermit is the extension's value.
type tokenPermit struct {
	Info    *tokenPermitInfo `json:"info"`
	Unknown jsontext.Value   `json:",embed"`
}

// tokenPermitInfo is [TokenPermit] on the wire. Announcements, which payers send back, have a
// part of it.
type tokenPermitInfo struct {
	From      *common.Address    `json:"from,omitzero"`
	Asset     *common.Address    `json:"asset,omitzero"`
	Spender   *common.Address    `json:"spender,omitzero"`
	Amount    *big.Int           `json:"amount,omitzero"`
	Nonce     *big.Int           `json:"nonce,omitzero"`
	Deadline  *uint64            `json:"deadline,string,omitzero"`
	Signature vouchers.Signature `json:"signature,omitzero"`
	Version   string             `json:"version,omitzero"`
	Unknown   jsontext.Value     `json:",embed"`
}

const tokenPermitVersion = "1"

// AnnounceTokenPermits returns a copy of the extensions of terms that announces that token
// permits are taken.
func AnnounceTokenPermits(extensions x402.Extensions) x402.Extensions {
	return extensions.With(NameTokenPermit, jsontext.Value(`{"info":{"description":"A token permit (EIP-2612) that approves Permit2 is sent with the payment.","version":"`+tokenPermitVersion+`"}}`))
}

// TakesTokenPermits reports whether terms announce that token permits are taken.
func TakesTokenPermits(extensions x402.Extensions) bool {
	value, there := extensions[NameTokenPermit]
	return there && value.Kind() == '{'
}

// TokenPermitOf returns the token permit of a payment; it is nil where one of its members is
// missing, as in an announcement that was sent back. Errors wrap [x402.ErrMalformed]. Whether it
// is good is not checked.
func TokenPermitOf(extensions x402.Extensions) (*TokenPermit, error) {
	value, err := x402.ReadExtension[tokenPermit](extensions, NameTokenPermit)
	if err != nil || value == nil || value.Info == nil {
		return nil, err
	}
	i := value.Info
	if i.From == nil || i.Asset == nil || i.Spender == nil || i.Amount == nil || i.Nonce == nil || i.Deadline == nil || len(i.Signature) == 0 || i.Version == "" {
		return nil, nil
	}
	return &TokenPermit{
		From: *i.From, Asset: *i.Asset, Spender: *i.Spender, Amount: i.Amount, Nonce: i.Nonce, Deadline: *i.Deadline, Signature: i.Signature, Version: i.Version,
	}, nil
}

// WithTokenPermit returns a copy of the extensions of a payment with a token permit, beside what
// else is announced there ([Announced]). The error wraps [x402.ErrMalformed] where its amount or
// its nonce is no uint256, or the announcement cannot be read.
func WithTokenPermit(extensions x402.Extensions, p TokenPermit) (x402.Extensions, error) {
	if p.Amount == nil || p.Nonce == nil {
		return nil, x402.Malformed("extensions."+NameTokenPermit+".info", "a permit without an amount or a nonce", "both, each a uint256")
	}
	value, err := x402.ReadExtension[tokenPermit](extensions, NameTokenPermit)
	if err != nil {
		return nil, err
	}
	if value == nil {
		value = new(tokenPermit)
	}
	if value.Info == nil {
		value.Info = new(tokenPermitInfo)
	}
	i := value.Info
	i.Version = cmp.Or(p.Version, i.Version, tokenPermitVersion)
	i.From, i.Asset, i.Spender, i.Amount, i.Nonce, i.Deadline, i.Signature = &p.From, &p.Asset, &p.Spender, p.Amount, p.Nonce, &p.Deadline, p.Signature
	return extensions.Encode(NameTokenPermit, value)
}
