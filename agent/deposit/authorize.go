package deposit

import (
	"context"
	"fmt"
	"time"

	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// authorizationTime is how long a server may take to submit a deposit.
const authorizationTime = 10 * time.Minute

// Authorize signs a deposit that the policy, the server and the wallet allow.
func (k *Desk) Authorize(ctx context.Context, into Into, amount vouchers.Amount, origin Origin) (*Signed, error) {
	if err := k.Policy.AllowsDeposit(k.Server, amount); err != nil {
		return nil, err
	}
	if amount == 0 || amount < into.Least {
		return nil, fmt.Errorf("%w: the server takes deposits of %s and more", policy.ErrTerms, max(into.Least, 1))
	}
	if have, err := k.Token.Balance(ctx, k.Chain, k.Key.Address()); err != nil {
		return nil, err
	} else if have < amount {
		return nil, fmt.Errorf("%w: %s has %s; send %s to that address first", ErrFunds, k.Key.Address(), have, k.Token.Symbol)
	}
	head, err := k.Chain.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	until, err := ValidUntil(time.Now(), time.Unix(int64(head.Time), 0), authorizationTime, chain.IsLocal(k.Chain.ChainID()))
	if err != nil {
		return nil, err
	}
	signed := &Signed{Channel: into.Channel, Before: into.Account.Balance(), Fresh: true}
	if origin == ByItself {
		signed.TopUp, signed.Before = k.today(), into.Account.Known()
	}
	if into.ByPermit2 {
		signed.Deposit, err = k.permit(ctx, into, amount, until)
	} else {
		signed.Deposit, err = k.authorization(ctx, into, amount, until)
	}
	if err == nil {
		err = k.keep(*signed)
	}
	if err != nil {
		return nil, err
	}
	return signed, nil
}

// ValidUntil is the Unix second until which what is signed now is good: for a time by this
// machine's clock. A chain whose clock is ahead of it is not followed, unless it is a local
// one, where people move the clock.
func ValidUntil(now, head time.Time, lifetime time.Duration, local bool) (uint64, error) {
	if local && head.After(now) {
		now = head
	}
	until := now.Add(lifetime)
	if !head.Before(until) {
		return 0, fmt.Errorf("%w: the chain's node says that it is %s, this machine's clock says %s; nothing is signed until they agree",
			policy.ErrTerms, head.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return uint64(max(0, until.Unix())), nil
}

// authorization signs a deposit by EIP-3009.
func (k *Desk) authorization(ctx context.Context, into Into, amount vouchers.Amount, until uint64) (*x402.Deposit, error) {
	deposit := funding.Deposit{Config: into.Config, Amount: amount, Salt: funding.NewNonce(), ValidBefore: until}
	if err := deposit.Sign(ctx, k.Key, k.Token, into.Addresses.Collectors.EIP3009, into.Channel); err != nil {
		return nil, err
	}
	return &x402.Deposit{Amount: amount, Authorization: x402.Authorization{Erc3009: &x402.Erc3009Authorization{
		ValidAfter: deposit.ValidAfter, ValidBefore: deposit.ValidBefore, Salt: deposit.Salt, Signature: deposit.Signature,
	}}}, nil
}

// permit signs a deposit by Permit2, which the payer must have approved for the token.
func (k *Desk) permit(ctx context.Context, into Into, amount vouchers.Amount, until uint64) (*x402.Deposit, error) {
	allowance, err := k.Token.Permit2Allowance(ctx, k.Chain, k.Key.Address())
	if err != nil {
		return nil, err
	}
	if allowance.Cmp(amount.Big()) < 0 {
		return nil, fmt.Errorf("%w: the server takes deposits by Permit2, which may move %s atomic units of %s: approve %s for token %s first", ErrFunds, allowance, k.Key.Address(), funding.Permit2, k.Token.Address)
	}
	deposit := funding.Permit2Deposit{Config: into.Config, Amount: amount, Nonce: funding.NewNonce(), Deadline: until}
	collector := into.Addresses.Collectors.Permit2
	if err := deposit.Sign(ctx, k.Key, k.Chain.ChainID(), collector, into.Channel); err != nil {
		return nil, err
	}
	return &x402.Deposit{Amount: amount, Authorization: x402.Authorization{Permit2: &x402.Permit2Authorization{
		From: k.Key.Address(), Permitted: x402.Permitted{Token: into.Config.Token, Amount: amount}, Spender: collector,
		Nonce: deposit.Nonce, Deadline: until, Witness: x402.Witness{ChannelID: into.Channel}, Signature: deposit.Signature,
	}}}, nil
}
