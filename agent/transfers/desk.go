package transfers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/escrow/transfer"
)

// Desk signs a payer's transfers, and finds out what became of them.
type Desk struct {
	Chain *chain.Client
	// Key owns the money, which is Token.
	Key   keys.Signer
	Token funding.Token
	// Purse counts what is signed.
	Purse *budget.Purse
	// Behind is for how long the chain's node is waited for, where it does not know a transaction
	// yet that a seller says was made.
	Behind time.Duration
	// Now tells the time by which days are counted.
	Now func() time.Time

	permits lock.Turn    // held while a permit of the token is on its way: their nonces are in order
	next    atomic.Int64 // the Unix second from which on it is worth it to look at what is in doubt
}

// MaxValidity is for how long a transfer is good at most, whatever the terms ask for: so long it
// stays in doubt after a call that came to nothing, until the chain has said so.
const MaxValidity = 5 * time.Minute

// ErrAllowance says that Permit2 may not move what a transfer takes, and that the seller takes no
// permit of the token with the payment.
var ErrAllowance = errors.New("the wallet has not approved Permit2")

// Signed is a transfer that was signed for a call. It counts as in doubt.
type Signed struct {
	*terms.Transfer
	Signed transfer.Transfer
	done   func()
}

// Done is called when the payment is answered, or given up.
func (s *Signed) Done() { s.done() }

// Over is the moment from which on nobody can have the transfer made.
func (s *Signed) Over() time.Time {
	return (&budget.Doubt{Transfer: s.Signed}).Over()
}

// Warn adds to why a call came to nothing that what was signed for it still counts.
func (s *Signed) Warn(err error) error {
	return fmt.Errorf("%w; the transfer of %s that was signed for it can be made until %s: it counts until the chain says that it was not, and `chit budget` shows it",
		err, s.Signed.Value, s.Over().Format(time.RFC3339))
}

// Sign signs a transfer that the wallet and the budget allow, and has it count as in doubt before
// it can leave. Errors wrap [deposit.ErrFunds] or [ErrAllowance], or are the policy's, the
// table's or the chain's.
func (k *Desk) Sign(ctx context.Context, e *budget.Expense, t *terms.Transfer) (*Signed, error) {
	s := &Signed{Transfer: t, done: func() {}}
	err := k.prepare(ctx, s)
	if err == nil {
		err = e.Doubt(ctx, s.Signed)
	}
	if err != nil {
		s.done()
		return nil, err
	}
	k.soon(s.Over())
	if err := k.sign(ctx, s); err != nil {
		return nil, errors.Join(err, k.TakeBack(s))
	}
	return s, nil
}

// prepare fills in all but the signatures.
func (k *Desk) prepare(ctx context.Context, s *Signed) error {
	accepted, payer := s.Accepted, k.Key.Address()
	if have, err := k.Token.Balance(ctx, k.Chain, payer); err != nil {
		return err
	} else if have < accepted.Amount {
		return fmt.Errorf("%w: %s has %s; send %s to that address first", deposit.ErrFunds, payer, have, k.Token.Symbol)
	}
	head, err := k.Chain.Header(ctx, nil)
	if err != nil {
		return err
	}
	lifetime := time.Duration(min(accepted.MaxTimeoutSeconds, uint64(MaxValidity/time.Second))) * time.Second
	until, err := deposit.ValidUntil(time.Now(), time.Unix(int64(head.Time), 0), lifetime, chain.IsLocal(k.Chain.ChainID()))
	if err != nil {
		return err
	}
	nonce := transfer.NewNonce()
	if s.Challenge != nil {
		nonce = s.Challenge.Nonce()
	}
	s.Signed = transfer.Transfer{
		Method: s.Method, ChainID: k.Chain.ChainID(), Token: accepted.Asset, From: payer, To: accepted.PayTo, Value: accepted.Amount,
		ValidBefore: until, Nonce: nonce, Spender: s.Method.Proxy(),
	}
	if s.Method == transfer.Upto {
		s.Signed.Facilitator = accepted.Extra.FacilitatorAddress
	}
	if s.Method == transfer.EIP3009 {
		return nil
	}
	return k.approve(ctx, s)
}

// approve makes sure that Permit2 may move what the transfer takes: by what the wallet has approved,
// or by a permit of the token over exactly that, which goes with the payment.
func (k *Desk) approve(ctx context.Context, s *Signed) error {
	allowance, err := k.Token.Permit2Allowance(ctx, k.Chain, k.Key.Address())
	if err != nil || allowance.Cmp(s.Signed.Value.Big()) >= 0 {
		return err
	}
	if !s.Sponsored {
		return fmt.Errorf("%w: it may move %s atomic units of %s of %s, %s are to be paid, and the seller takes no permit of the token: `chit wallet approve %s` lets it move exactly that, for gas",
			ErrAllowance, allowance, k.Token.Symbol, k.Key.Address(), s.Signed.Value.Atomic(), s.Signed.Value.Decimal())
	}
	if err := k.permits.Take(ctx); err != nil {
		return err
	}
	s.done = sync.OnceFunc(k.permits.Give)
	nonce, err := k.Token.PermitNonce(ctx, k.Chain, k.Key.Address())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAllowance, err)
	}
	s.Signed.Permit = &transfer.Permit{Nonce: nonce, Deadline: s.Signed.ValidBefore}
	return nil
}

func (k *Desk) sign(ctx context.Context, s *Signed) error {
	if p := s.Signed.Permit; p != nil {
		if err := s.Signed.SignPermit(ctx, k.Key, k.Token, p.Nonce, p.Deadline); err != nil {
			return err
		}
	}
	return s.Signed.Sign(ctx, k.Key, k.Token)
}

// TakeBack is for a transfer that has provably not left this machine: it counts no more.
func (k *Desk) TakeBack(s *Signed) error {
	s.done()
	_, err := k.Purse.Resolve(context.Background(), s.Signed.Key(), 0)
	return err
}
