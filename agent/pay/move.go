package pay

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Refund asks for what is left in a channel, or for amount if it is not zero.
func (p *Payer) Refund(ctx context.Context, by *Want, amount vouchers.Amount) (Moved, error) {
	if err := p.writable(); err != nil {
		return Moved{}, err
	}
	t, err := p.anyTerms(ctx, by)
	if err != nil {
		return Moved{}, err
	}
	ch, err := p.channelOf(ctx, t)
	if err != nil {
		return Moved{}, err
	}
	voucher, err := p.signCharged(ctx, ch)
	if err != nil {
		return Moved{}, err
	}
	payload := &x402.RefundPayload{ChannelConfig: ch.Config, Voucher: voucher}
	if amount > 0 {
		payload.Amount = &amount
	}
	moved, err := p.move(ctx, ch, by, payload)
	moved.Unwritten = p.owing()
	return moved, err
}

// move sends a payload that moves money, and believes the chain about what moved.
func (p *Payer) move(ctx context.Context, ch *channel, by *Want, payload x402.Payload) (Moved, error) {
	if err := p.refresh(ctx, ch); err != nil {
		return Moved{}, err
	}
	before := ch.Balance()
	if d, err := p.desk.Outstanding(ctx, ch.ID); err != nil {
		return Moved{}, err
	} else if _, deposits := payload.(*x402.DepositPayload); deposits && d != nil {
		before = d.Before
	}
	for round := range rounds {
		paid, err := wrap(ch.Terms, payload, newIdentifier())
		if err == nil {
			err = p.orderRefund(ctx, ch, paid)
		}
		if err != nil {
			return Moved{}, err
		}
		a, _, err := p.sendFull(ctx, ch, by, paid)
		if err != nil {
			return Moved{}, err
		}
		if a.Required == nil {
			return p.moved(ctx, ch, payload, before, a.Receipt)
		}
		refund, isRefund := payload.(*x402.RefundPayload)
		if a.Required.Error != x402.ErrCumulativeAmountMismatch || !isRefund || round == rounds-1 {
			return Moved{}, refused(a.Required)
		}
		if refund.Voucher, err = p.corrected(ctx, ch, a.Required); err != nil {
			return Moved{}, err
		}
	}
	return Moved{}, fmt.Errorf("%w: the server corrects its corrections", account.ErrDishonest)
}

// corrected takes over what the server proves, and signs what it says is charged.
func (p *Payer) corrected(ctx context.Context, ch *channel, required *x402.PaymentRequired) (x402.SignedVoucher, error) {
	proven, err := p.check(ctx, ch, required)
	if err != nil {
		return x402.SignedVoucher{}, err
	}
	if err := ch.Believe(proven, 0); err != nil {
		return x402.SignedVoucher{}, err
	}
	return p.signCharged(ctx, ch)
}

// moved holds a receipt against the request and against the chain.
func (p *Payer) moved(ctx context.Context, ch *channel, payload x402.Payload, before vouchers.Amount, receipt *x402.SettlementResponse) (Moved, error) {
	if receipt == nil || !receipt.Success || receipt.Amount == nil {
		return Moved{}, fmt.Errorf("%w: the answer has no receipt of the transfer", account.ErrDishonest)
	}
	amount := *receipt.Amount
	err := p.catchUp(ctx, ch, transactionOf(receipt), func(balance vouchers.Amount) bool { return isMove(payload, amount, before, balance) })
	if err != nil {
		return Moved{}, err
	}
	p.owe(p.write(ch))
	after := ch.Balance()
	if !isMove(payload, amount, before, after) {
		return Moved{}, fmt.Errorf("%w: it reports a transfer of %s in transaction %q, on chain the channel had %s and has %s",
			account.ErrDishonest, amount, receipt.Transaction, before, after)
	}
	if _, refunds := payload.(*x402.RefundPayload); refunds {
		ch.Trust(after)
	}
	return Moved{Channel: ch.ID, Amount: amount, Balance: after, Left: ch.Spendable(), Tx: transactionOf(receipt)}, nil
}

// isMove tells whether amount is what the payload asks for, and the balance shows it.
func isMove(payload x402.Payload, amount, before, after vouchers.Amount) bool {
	switch p := payload.(type) {
	case *x402.DepositPayload:
		grown, ok := after.Sub(before)
		return ok && amount == p.Deposit.Amount && grown >= amount
	case *x402.RefundPayload:
		shrunk, ok := before.Sub(after)
		return ok && amount > 0 && (p.Amount == nil || amount <= *p.Amount) && shrunk >= amount
	}
	return false
}

// Moved is money that went into or out of a channel. Amounts are atomic units.
type Moved struct {
	Channel vouchers.ChannelID `json:"channel"`
	Amount  vouchers.Amount    `json:"amount"`
	// Balance is what the channel holds afterwards, by the chain.
	Balance vouchers.Amount `json:"balance"`
	// Left is what further calls can spend, by this payer's own account.
	Left vouchers.Amount `json:"left"`
	// Tx is the transaction, zero if somebody else brought the same money in.
	Tx common.Hash `json:"tx"`
	// Unwritten is what of this could not be written into the payer's book; see
	// [Receipt.Unwritten].
	Unwritten error `json:"-"`
}

// lookAgain is how often a node that is behind is asked again.
const lookAgain = 100 * time.Millisecond

// catchUp waits until the chain's node has come to a transaction that moved a channel's
// money, or shows what it did: a node may be some blocks behind the server's. Where the
// node does not come to it in time, the channel's balance is what it says all the same.
func (p *Payer) catchUp(ctx context.Context, ch *channel, tx common.Hash, shows func(balance vouchers.Amount) bool) error {
	until := time.Now().Add(p.Limits.Behind)
	for {
		block, err := p.lookAt(ctx, ch)
		if err != nil {
			return err
		}
		if shows(ch.Balance()) || tx == (common.Hash{}) || time.Now().After(until) {
			return nil
		}
		made, err := p.chain.Receipt(ctx, tx)
		if err != nil {
			return err
		}
		if made != nil && block >= made.BlockNumber.Uint64() {
			return nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// lookAt takes over what the chain says of a channel's balance, and returns as of which
// block. It fails with [account.ErrOldBook] where more is claimed than was signed.
func (p *Payer) lookAt(ctx context.Context, ch *channel) (block uint64, err error) {
	state, err := ch.Contract.State(ctx, ch.Config, 1)
	if err == nil {
		err = ch.Knows(state.Claimed)
	}
	if err != nil {
		return 0, err
	}
	ch.Observe(state.Balance, state.Block)
	return state.Block, nil
}
