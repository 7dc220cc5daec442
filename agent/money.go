package agent

import (
	"context"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// The tools of a chit server that move money.
const (
	depositTool = "chit_deposit"
	refundTool  = "chit_refund"
)

// authorizationTime is how long, in seconds, a server may take to submit a deposit.
const authorizationTime = 3600

// Moved is money that went into or out of a channel. Amounts are atomic units.
type Moved struct {
	Channel vouchers.ChannelID `json:"channel"`
	Amount  vouchers.Amount    `json:"amount"`
	// Balance is what the channel holds afterwards, by the chain.
	Balance vouchers.Amount `json:"balance"`
	// Tx is the transaction, zero if somebody else brought the same money in.
	Tx common.Hash `json:"tx"`
}

// Deposit moves money into the channel to the server: the payer signs (EIP-3009),
// the server submits and pays the gas. It returns when the chain confirms it.
func (c *Client) Deposit(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	moved, err := c.deposit(ctx, amount)
	if err != nil {
		return Moved{}, fmt.Errorf("deposit %s: %w", amount, err)
	}
	return moved, nil
}

func (c *Client) deposit(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	if err := c.policy.allowsDeposit(amount); err != nil {
		return Moved{}, err
	}
	t, err := c.anyTerms(ctx, depositTool)
	if err != nil {
		return Moved{}, err
	}
	if amount == 0 || amount < t.minDeposit {
		return Moved{}, fmt.Errorf("%w: the server takes deposits of %s and more", ErrTerms, max(t.minDeposit, 1))
	}
	if have, err := c.WalletBalance(ctx); err != nil {
		return Moved{}, err
	} else if have < amount {
		return Moved{}, fmt.Errorf("%w: %s has %s; send %s to that address first", ErrFunds, c.key.Address(), have, c.token.Symbol)
	}
	ch, err := c.channelOf(ctx, t)
	if err != nil {
		return Moved{}, err
	}
	payload, err := c.authorize(ctx, ch, amount)
	if err != nil {
		return Moved{}, err
	}
	return c.move(ctx, ch, depositTool, payload)
}

// authorize signs a deposit, and a voucher that pays for nothing beside it.
func (c *Client) authorize(ctx context.Context, ch *channel, amount vouchers.Amount) (x402.Payload, error) {
	head, err := c.chain.Header(ctx, nil)
	if err != nil {
		return nil, err
	}
	deposit := escrow.Deposit{
		Config: ch.config, Amount: amount, Salt: escrow.NewDepositSalt(),
		ValidBefore: max(head.Time, uint64(time.Now().Unix())) + authorizationTime,
	}
	if err := deposit.Sign(ctx, c.key, c.token, ch.addresses.Collectors.EIP3009, ch.id); err != nil {
		return nil, err
	}
	voucher, err := c.sign(ctx, ch, ch.total())
	if err != nil {
		return nil, err
	}
	return &x402.DepositPayload{
		ChannelConfig: ch.config, Voucher: voucher,
		Deposit: x402.Deposit{Amount: amount, Authorization: x402.Authorization{Erc3009: &x402.Erc3009Authorization{
			ValidAfter: deposit.ValidAfter, ValidBefore: deposit.ValidBefore, Salt: deposit.Salt, Signature: deposit.Signature,
		}}},
	}, nil
}

// Refund asks the server for what is left in the channel, or for amount if it is not
// zero. It fails while calls are in flight.
func (c *Client) Refund(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	moved, err := c.refund(ctx, amount)
	if err != nil {
		return Moved{}, fmt.Errorf("refund: %w", err)
	}
	return moved, nil
}

func (c *Client) refund(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	t, err := c.anyTerms(ctx, refundTool)
	if err != nil {
		return Moved{}, err
	}
	ch, err := c.channelOf(ctx, t)
	if err != nil {
		return Moved{}, err
	}
	voucher, err := c.sign(ctx, ch, ch.total())
	if err != nil {
		return Moved{}, err
	}
	payload := &x402.RefundPayload{ChannelConfig: ch.config, Voucher: voucher}
	if amount > 0 {
		payload.Amount = &amount
	}
	return c.move(ctx, ch, refundTool, payload)
}

// move sends a payload that moves money, and believes the chain about what moved.
func (c *Client) move(ctx context.Context, ch *channel, tool string, payload x402.Payload) (Moved, error) {
	if err := c.refresh(ctx, ch); err != nil {
		return Moved{}, err
	}
	before := ch.entry(c.server).Balance
	for round := range rounds {
		paid, err := payment(ch.terms, payload)
		if err != nil {
			return Moved{}, err
		}
		result, err := c.pay(ctx, tool, nil, paid)
		if err != nil {
			return Moved{}, err
		}
		required := requiredOf(result)
		if required == nil {
			response, err := responseOf(result)
			if err != nil {
				return Moved{}, err
			}
			return c.moved(ctx, ch, payload, before, response)
		}
		refund, isRefund := payload.(*x402.RefundPayload)
		if required.Error != x402.ErrCumulativeAmountMismatch || !isRefund || round == rounds-1 {
			return Moved{}, refused(required)
		}
		p, err := c.check(ctx, ch, required)
		if err != nil {
			return Moved{}, err
		}
		if err := ch.correct(0, p.charged, p.ceiling); err != nil {
			return Moved{}, err
		}
		if refund.Voucher, err = c.sign(ctx, ch, ch.total()); err != nil {
			return Moved{}, err
		}
	}
	return Moved{}, fmt.Errorf("%w: the server corrects its corrections", ErrDishonest)
}

// moved holds a receipt against the request and against the chain.
func (c *Client) moved(ctx context.Context, ch *channel, payload x402.Payload, before vouchers.Amount, response *x402.SettlementResponse) (Moved, error) {
	if response == nil || !response.Success || response.Amount == nil {
		return Moved{}, fmt.Errorf("%w: the answer has no receipt of the transfer", ErrDishonest)
	}
	if err := c.refresh(ctx, ch); err != nil {
		return Moved{}, err
	}
	amount, after := *response.Amount, ch.entry(c.server).Balance
	if !isMove(payload, amount, before, after) {
		return Moved{}, fmt.Errorf("%w: it reports a transfer of %s in transaction %q, on chain the channel had %s and has %s",
			ErrDishonest, amount, response.Transaction, before, after)
	}
	return Moved{Channel: ch.id, Amount: amount, Balance: after, Tx: transactionOf(response)}, nil
}

// isMove tells whether amount is what the payload asks for, and the balance shows it.
func isMove(payload x402.Payload, amount, before, after vouchers.Amount) bool {
	switch p := payload.(type) {
	case *x402.DepositPayload:
		grown, ok := after.Sub(before)
		return ok && amount == p.Deposit.Amount && grown >= amount
	case *x402.RefundPayload:
		shrunk, ok := before.Sub(after)
		return ok && (p.Amount == nil || amount == *p.Amount) && shrunk >= amount
	}
	return false
}
