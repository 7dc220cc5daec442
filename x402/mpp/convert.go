package mpp

import (
	"fmt"
	"strings"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Requirements is what the challenge asks, in the terms of x402: an entry of the scheme exact by
// EIP-3009. MPP does not say the token's EIP-712 domain, name and version, which the payer must
// know. Errors are those of [Challenge.Authorize].
func (c *Challenge) Requirements(name, version string, now time.Time) (*x402.Requirements, error) {
	charge, err := c.Charge()
	if err != nil {
		return nil, err
	}
	until, err := c.payableUntil(now)
	if err != nil {
		return nil, err
	}
	return &x402.Requirements{
		Scheme: x402.SchemeExact, Network: x402.Network(charge.ChainID), Amount: charge.Amount, Asset: charge.Currency,
		PayTo: charge.Recipient, MaxTimeoutSeconds: uint64(until - now.Unix()), Extra: x402.Extra{Name: name, Version: version},
	}, nil
}

// maxTimeout is how long at most a challenge that is made of an entry is good, in seconds.
const maxTimeout = 365 * 24 * 60 * 60

// FromRequirements asks for what an entry of x402 of the scheme exact asks, for as long as that
// may take, a year at most. An entry that is not payable by EIP-3009 is an error that wraps
// [ErrUnsupported]. An [Issuer] gives the challenge its id.
func FromRequirements(r *x402.Requirements, realm string, now time.Time) (*Challenge, error) {
	chainID, err := x402.ParseNetwork(r.Network)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	if !r.Is(x402.SchemeExact) || r.Extra.AssetTransferMethod == x402.TransferPermit2 {
		return nil, fmt.Errorf("%w: the scheme %s by %s, want %s by %s",
			ErrUnsupported, clip(r.Scheme), clip(r.Extra.AssetTransferMethod), x402.SchemeExact, x402.TransferEIP3009)
	}
	decimals := uint64(vouchers.Decimals)
	charge := Charge{Amount: r.Amount, Currency: r.Asset, Recipient: r.PayTo, ChainID: chainID, Decimals: &decimals}
	seconds := min(r.MaxTimeoutSeconds, maxTimeout)
	return NewChallenge(realm, charge, now.Add(time.Duration(seconds)*time.Second))
}

// Payable are those of a seller's challenges that can be paid by an authorization now, and what they
// ask in the terms of x402, without the token's domain: entry by entry.
func Payable(challenges []Challenge, now time.Time) (ways []x402.Requirements, of []*Challenge) {
	for i := range challenges {
		if way, err := challenges[i].Requirements("", "", now); err == nil {
			ways, of = append(ways, *way), append(of, &challenges[i])
		}
	}
	return ways, of
}

// Settlement is the receipt as an answer of x402 says it, of a payment on a chain.
func (r *Receipt) Settlement(network string) *x402.SettlementResponse {
	s := &x402.SettlementResponse{Success: true, Network: network}
	if !strings.HasPrefix(r.Reference, unsettled) {
		s.Transaction = r.Reference
	}
	return s
}

// Payment is the credential as a payment of x402 by EIP-3009, for an entry of the scheme exact. A
// challenge that asks something else than the entry is an error that wraps [ErrForeign]; other
// errors are those of [Challenge.Charge].
func (c *Credential) Payment(accepted *x402.Requirements) (*x402.PaymentPayload, error) {
	charge, err := c.Challenge.Charge()
	if err != nil {
		return nil, err
	}
	for _, member := range []struct {
		name        string
		asked, sold any
	}{
		{"scheme", x402.SchemeExact, accepted.Scheme},
		{"chain", x402.Network(charge.ChainID), accepted.Network},
		{"amount", charge.Amount, accepted.Amount},
		{"currency", charge.Currency, accepted.Asset},
		{"recipient", charge.Recipient, accepted.PayTo},
	} {
		if member.asked != member.sold {
			return nil, fmt.Errorf("%w: its %s is %v, and it is %v here: ask again and pay what is asked then", ErrForeign, member.name, member.asked, member.sold)
		}
	}
	a := &c.Authorization
	return &x402.PaymentPayload{
		Accepted: *accepted,
		Payload: &x402.AuthorizationPayload{
			Signature: a.Signature,
			Authorization: x402.TransferAuthorization{
				From: a.From, To: a.To, Value: a.Value, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Nonce: a.Nonce,
			},
		},
	}, nil
}

// unsettled is before the nonce of an authorization that no transaction is known of yet.
const unsettled = "authorization:"

// FromSettlement says that the challenge was paid, as an answer of x402 says it. Where that knows
// no transaction yet, the reference is "authorization:" and the nonce, by which the transfer will
// be found. An answer that says that the payment failed is an error that wraps [ErrMismatch]: there
// is no receipt of it.
func FromSettlement(s *x402.SettlementResponse, paid *Challenge, at time.Time) (*Receipt, error) {
	if !s.Success {
		return nil, fmt.Errorf("%w: %s", ErrMismatch, clip(string(s.ErrorReason)))
	}
	reference := s.Transaction
	if reference == "" {
		reference = unsettled + paid.Nonce().Hex()
	}
	return &Receipt{Method: paid.Method, Reference: reference, Timestamp: at, ChallengeID: paid.ID}, nil
}
