package transfers

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Are reports whether a payment is one by a transfer.
func Are(p *x402.PaymentPayload) bool {
	if p == nil {
		return false
	}
	switch p.Payload.(type) {
	case *x402.AuthorizationPayload, *x402.Permit2Payload:
		return true
	}
	return false
}

// PayerOf is who a payment by a transfer says it is from; the zero address of any other.
func PayerOf(p *x402.PaymentPayload) common.Address {
	switch payload := p.Payload.(type) {
	case *x402.AuthorizationPayload:
		return payload.Authorization.From
	case *x402.Permit2Payload:
		return payload.Permit2Authorization.From
	}
	return common.Address{}
}

// Of is the transfer of a token that a payment brings, on the chain with this id. Its signature is
// not checked, and neither is that it fits the terms, but for the token of a permit.
func Of(chainID uint64, token common.Address, p *x402.PaymentPayload) (transfer.Transfer, *terms.Refusal) {
	t := transfer.Transfer{ChainID: chainID, Token: token}
	switch payload := p.Payload.(type) {
	case *x402.AuthorizationPayload:
		a := payload.Authorization
		t.Method, t.From, t.To, t.Value, t.Nonce = transfer.EIP3009, a.From, a.To, a.Value, a.Nonce
		t.ValidAfter, t.ValidBefore, t.Signature = a.ValidAfter, a.ValidBefore, payload.Signature
		return t, nil
	case *x402.Permit2Payload:
		a := payload.Permit2Authorization
		t.Method = transfer.Permit2
		if p.Accepted.Scheme == x402.SchemeUpto {
			t.Method = transfer.Upto
		}
		if a.Permitted.Token != token {
			return t, terms.Refuse(x402.ErrTransferPermit2TokenMismatch, "the permit is over %s, the accepted terms over %s", a.Permitted.Token, token)
		}
		t.From, t.To, t.Value, t.Nonce = a.From, a.Witness.To, a.Permitted.Amount, common.BigToHash(a.Nonce)
		t.ValidAfter, t.ValidBefore, t.Signature = a.Witness.ValidAfter, a.Deadline, payload.Signature
		t.Spender, t.Facilitator = a.Spender, a.Witness.Facilitator
		return t, sponsored(&t, p.Extensions)
	}
	return t, terms.Refuse(x402.ErrUnsupportedPayloadType, "a %T is no transfer", p.Payload)
}

// sponsored adds the token permit that comes with a payment to its transfer: the payer needs
// no gas to approve Permit2.
func sponsored(t *transfer.Transfer, extensions x402.Extensions) *terms.Refusal {
	p, err := extension.TokenPermitOf(extensions)
	switch {
	case err != nil:
		return terms.Refuse(x402.ErrTokenPermitFormat, "%v", err)
	case p == nil:
		return nil
	case p.From != t.From:
		return terms.Refuse(x402.ErrTokenPermitFromMismatch, "the token permit is from %s, the payment from %s", p.From, t.From)
	case p.Asset != t.Token:
		return terms.Refuse(x402.ErrTokenPermitAssetMismatch, "the token permit is over %s, the payment over %s", p.Asset, t.Token)
	case p.Spender != funding.Permit2:
		return terms.Refuse(x402.ErrTokenPermitSpenderNotPermit2, "the token permit is for %s, want Permit2, %s", p.Spender, funding.Permit2)
	case p.Amount.Cmp(t.Value.Big()) != 0:
		return terms.Refuse(x402.ErrTransferPermit2PermitAmountMismatch, "the token permit is over %s atomic units, the payment over %s", p.Amount, t.Value.Atomic())
	case !p.Nonce.IsUint64():
		return terms.Refuse(x402.ErrTokenPermitFormat, "the nonce of the token permit, %s, is above 2^64", p.Nonce)
	}
	t.Permit = &transfer.Permit{Nonce: p.Nonce.Uint64(), Deadline: p.Deadline, Signature: p.Signature}
	return nil
}
