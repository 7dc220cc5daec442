package treasury

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// LeastTaken is what a channel must have to be worth a withdrawal where nobody says and no
// price of the chain's coin is known, in atomic USDC.
const LeastTaken = vouchers.Amount(10_000)

// WithdrawRequest says which channels a step of withdrawing is for, and what it may cost.
type WithdrawRequest struct {
	// Finish takes what was announced and whose delay has passed; otherwise all that is
	// unclaimed is announced, with Anew also where less than that is.
	Finish, Anew bool
	// Least is what a channel must have; nil is [LeastTaken] where no gas is weighed.
	Least *vouchers.Amount
	// CoinPrice is what one coin of the chain costs, in atomic USDC; 0 is not known. What a
	// channel has is weighed against its gas then, but with Anyway.
	CoinPrice vouchers.Amount
	Anyway    bool
	// MaxCost is the most that each transaction may cost, in wei.
	MaxCost *big.Int
	// Agree is shown the plan before anything is sent; its error ends the withdrawal. Nil
	// agrees.
	Agree func(WithdrawPlan) error
}

// WithdrawPlan is what a step of withdrawing is about to do.
type WithdrawPlan struct {
	// Take are the channels that it is for, the most first.
	Take []Withdrawable
	// Small have less than Least, Dear less than Gas costs: they are left out.
	Small, Dear []Withdrawable
	Least       vouchers.Amount
	// Gas is what one channel's transactions cost, about.
	Gas GasCost
	// Now is the time on chain.
	Now time.Time
}

// Withdraw takes a step of withdrawing from all channels to which it applies and that are
// worth their gas. The key is the payer's, who pays that. What was done is returned beside
// the errors of the rest, which wrap [escrow.ErrNothingToWithdraw] if there is nothing, or
// [txmgr.ErrCost].
func (f Funds) Withdraw(ctx context.Context, client *chain.Client, key keys.Signer, r WithdrawRequest) (done []Withdrawal, err error) {
	sender, err := txmgr.NewSender(ctx, client, key, txmgr.WithOwner("the payer's"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sender.Close()) }()
	plan, err := f.plan(ctx, client, sender, r)
	if err != nil {
		return nil, err
	}
	if r.Agree != nil {
		if err := r.Agree(plan); err != nil {
			return nil, err
		}
	}
	if r.Finish {
		return FinishWithdrawals(ctx, client, sender, plan.Take, escrow.WithMaxCost(r.MaxCost))
	}
	return StartWithdrawals(ctx, client, sender, plan.Take, escrow.WithMaxCost(r.MaxCost))
}

// plan finds what a request is for.
func (f Funds) plan(ctx context.Context, client *chain.Client, sender *txmgr.Sender, r WithdrawRequest) (plan WithdrawPlan, err error) {
	head, err := client.Header(ctx, nil)
	if err != nil {
		return plan, err
	}
	plan.Now = time.Unix(int64(head.Time), 0)
	all, costs := f.ToAnnounce(r.Anew), WithdrawalCost
	if r.Finish {
		all, costs = f.ToFinish(plan.Now), FinishingCost
	}
	if plan.Gas, err = costs(ctx, sender, r.CoinPrice); err != nil {
		return plan, err
	}
	weighed := vouchers.Amount(0)
	switch {
	case r.Least != nil:
		plan.Least = *r.Least
	case plan.Gas.USDC == nil && !r.Anyway:
		plan.Least = LeastTaken
	}
	if plan.Gas.USDC != nil && !r.Anyway {
		weighed = *plan.Gas.USDC
	}
	plan.Take, plan.Small = WorthTaking(all, plan.Least)
	plan.Take, plan.Dear = WorthTaking(plan.Take, weighed)
	return plan, nil
}

// PendingWithdrawal is a withdrawal that was announced and not finished. Amount is atomic USDC.
type PendingWithdrawal struct {
	Channel vouchers.ChannelID `json:"channel"`
	Server  string             `json:"server"`
	Amount  vouchers.Amount    `json:"amount"`
	After   time.Time          `json:"after"`
	// Seconds is how long the chain's clock has to go yet, 0 if it can be finished.
	Seconds int64 `json:"seconds"`
}

// PendingWithdrawals are those of all channels at a time on chain.
func (f Funds) PendingWithdrawals(now time.Time) []PendingWithdrawal {
	all := []PendingWithdrawal{}
	for _, ch := range f.Channels {
		if ch.WithdrawAfter != nil {
			wait := max(ch.WithdrawAfter.Sub(now), 0)
			all = append(all, PendingWithdrawal{ch.Channel, ch.Server, ch.Withdrawing, *ch.WithdrawAfter, int64(wait / time.Second)})
		}
	}
	return all
}

// AtRisk is what the server could take by a voucher that it holds beyond what was spent, in
// atomic units: of a revoked grant, or of a failed call.
func (f ChannelFunds) AtRisk() vouchers.Amount { return min(f.Signed, f.Balance).Minus(f.Charged) }
