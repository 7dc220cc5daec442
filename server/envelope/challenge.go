package envelope

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/mpp"
)

// Bucket is the store's bucket of the secret that challenges are issued with.
const Bucket = "mpp"

// Challenger asks for transfers in the words of MPP, and reads what answers. It is safe for
// concurrent use.
type Challenger struct {
	issuer *mpp.Issuer
	now    func() time.Time
}

// Open returns the challenger of a store, whose secret is made if there is none.
func Open(ctx context.Context, bucket vouchers.Bucket, now func() time.Time) (*Challenger, error) {
	name := []byte("secret")
	secret, err := bucket.Get(name)
	if err == nil && secret == nil {
		secret = []byte(rand.Text() + rand.Text())
		err = bucket.Put(ctx, name, secret)
	}
	if err != nil {
		return nil, fmt.Errorf("the secret of challenges: %w", err)
	}
	issuer, err := mpp.NewIssuer(string(secret))
	if err != nil {
		return nil, fmt.Errorf("the secret of challenges: %w", err)
	}
	return &Challenger{issuer, now}, nil
}

// Sold is what is paid for: under which name, and by whom.
type Sold struct {
	// Realm is the host of the shop, and Resource what is sold there; a challenge is for one.
	Realm, Resource string
	// Terms are those by exact, of which the ones by EIP-3009 can be put in MPP's words.
	Terms []x402.Requirements
}

// boundResource is the name under which a challenge has what it is for.
const boundResource = "resource"

// decimals are those of USDC.
const decimals = 6

// Challenges asks for a payment for something, in each of its terms.
func (c *Challenger) Challenges(sold Sold) ([]mpp.Challenge, error) {
	var all []mpp.Challenge
	for _, r := range byAuthorization(sold.Terms) {
		chainID, err := x402.ParseNetwork(r.Network)
		if err != nil {
			return nil, err
		}
		places := uint64(decimals)
		challenge, err := mpp.NewChallenge(sold.Realm, mpp.Charge{
			Amount: r.Amount, Currency: r.Asset, Recipient: r.PayTo, ChainID: chainID, Decimals: &places,
		}, c.now().Add(time.Duration(r.MaxTimeoutSeconds)*time.Second))
		if err == nil {
			err = c.issuer.Issue(challenge, map[string]string{boundResource: sold.Resource})
		}
		if err != nil {
			return nil, fmt.Errorf("ask for a payment in the words of MPP: %w", err)
		}
		all = append(all, *challenge)
	}
	return all, nil
}

func byAuthorization(all []x402.Requirements) (some []x402.Requirements) {
	for _, r := range all {
		if r.Scheme == x402.SchemeExact && (r.Extra.AssetTransferMethod == "" || r.Extra.AssetTransferMethod == x402.TransferEIP3009) {
			some = append(some, r)
		}
	}
	return some
}

// Payment is what a credential pays, in x402's words. That its time is over is for the
// transfer to say, whose window is the challenge's: who asks again for an answer is late.
// Errors are those of [mpp.Issuer.Check].
func (c *Challenger) Payment(paid *mpp.Credential, sold Sold) (*x402.PaymentPayload, error) {
	at := c.now()
	deadline, err := paid.Challenge.Deadline()
	if err != nil {
		return nil, err
	}
	if last := deadline.Add(-time.Second); !deadline.IsZero() && last.Before(at) {
		at = last
	}
	charge, err := c.issuer.Check(paid, at)
	if err != nil {
		return nil, err
	}
	bound, err := paid.Challenge.Bound()
	if err != nil {
		return nil, err
	}
	if bound[boundResource] != sold.Resource {
		return nil, fmt.Errorf("%w: it was issued for %.200q, and not for this", mpp.ErrForeign, bound[boundResource])
	}
	for _, r := range byAuthorization(sold.Terms) {
		if chainID, err := x402.ParseNetwork(r.Network); err != nil || chainID != charge.ChainID || r.Asset != charge.Currency {
			continue
		}
		r.Amount, r.PayTo = charge.Amount, charge.Recipient
		a := paid.Authorization
		return &x402.PaymentPayload{Accepted: r, Payload: &x402.AuthorizationPayload{
			Signature: a.Signature,
			Authorization: x402.TransferAuthorization{
				From: a.From, To: a.To, Value: a.Value, ValidAfter: a.ValidAfter, ValidBefore: a.ValidBefore, Nonce: a.Nonce,
			},
		}}, nil
	}
	return nil, fmt.Errorf("%w: chain id %d and token %s are not offered here", mpp.ErrForeign, charge.ChainID, charge.Currency)
}

// Receipt is what MPP says of a payment that x402 says something of. Without a transaction, of a
// transfer that is settled behind its answer, the nonce stands for it.
func Receipt(s *x402.SettlementResponse, paid *mpp.Credential, at time.Time) mpp.Receipt {
	reference := s.Transaction
	if reference == "" {
		reference = "authorization:" + paid.Authorization.Nonce.Hex()
	}
	return mpp.Receipt{Method: mpp.MethodEVM, Reference: reference, Timestamp: at, ChallengeID: paid.Challenge.ID}
}
