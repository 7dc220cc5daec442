package exact

import (
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/extension"
)

// Announce says in the extensions of terms that token permits are taken where a chain has
// Permit2's proxies.
func (s *Seller) Announce(extensions x402.Extensions) x402.Extensions {
	for _, there := range s.proxies {
		if there.exact || there.upto {
			return extension.AnnounceTokenPermits(extensions)
		}
	}
	return extensions
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
