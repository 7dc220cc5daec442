package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Receipt is what a call has cost. Amounts are atomic units.
type Receipt struct {
	// Paid says that the server took a payment; a free call and a failed one have none.
	Paid bool
	// Charged is what the call cost.
	Charged vouchers.Amount
	// Channel is what it was paid from, and Cumulative what that was charged over its
	// life by this client's own book.
	Channel    vouchers.ChannelID
	Cumulative vouchers.Amount
}

// rounds is how often a call is repeated with a better payment. A server that keeps the
// vouchers that it refuses can take so many prices for a call at most.
const rounds = 4

// CallTool calls a tool, and pays if it costs something. Errors wrap [ErrPolicy],
// [ErrTerms], [ErrNoChannel], [ErrBalance], [ErrDishonest] or [ErrUnknownOutcome],
// are a [*RefusedError], or are the connection's. A tool that fails is a result with
// IsError, as MCP has it.
func (c *Client) CallTool(ctx context.Context, tool string, arguments map[string]any) (*mcp.CallToolResult, Receipt, error) {
	result, receipt, err := c.call(ctx, tool, arguments)
	if err != nil {
		return nil, receipt, fmt.Errorf("call %s: %w", tool, err)
	}
	return result, receipt, nil
}

func (c *Client) call(ctx context.Context, tool string, arguments map[string]any) (*mcp.CallToolResult, Receipt, error) {
	t := c.known(tool)
	if t == nil {
		result, err := c.mcp.CallTool(ctx, request(tool, arguments))
		if err != nil {
			return nil, Receipt{}, err
		}
		required := requiredOf(result)
		if required == nil {
			return result, Receipt{}, nil
		}
		if t, err = c.learn(ctx, tool, required); err != nil {
			return nil, Receipt{}, err
		}
	}
	var last error
	for range rounds {
		if err := c.policy.allowsPrice(tool, t.accepted.Amount); err != nil {
			return nil, Receipt{}, err
		}
		ch, err := c.channelOf(ctx, t)
		if err != nil {
			return nil, Receipt{}, err
		}
		result, receipt, no, err := c.attempt(ctx, ch, t, tool, arguments)
		if err != nil || no == nil {
			return result, receipt, err
		}
		if t, err = c.reconsider(ctx, ch, t, tool, no); err != nil {
			return nil, Receipt{}, err
		}
		last = refused(no.required)
	}
	return nil, Receipt{}, last
}

// refusal is a payment that the server did not take. Its ceiling is still reserved.
type refusal struct {
	required *x402.PaymentRequired
	ceiling  vouchers.Amount
}

// attempt makes one paid call.
func (c *Client) attempt(ctx context.Context, ch *channel, t *terms, tool string, arguments map[string]any) (*mcp.CallToolResult, Receipt, *refusal, error) {
	ceiling, err := ch.reserve(ctx, t.accepted.Amount)
	if errors.Is(err, ErrBalance) && c.refresh(ctx, ch) == nil {
		ceiling, err = ch.reserve(ctx, t.accepted.Amount)
	}
	if err != nil {
		return nil, Receipt{}, nil, err
	}
	voucher, err := c.sign(ctx, ch, ceiling)
	if err != nil {
		ch.release(ceiling)
		return nil, Receipt{}, nil, err
	}
	paid, err := payment(t, &x402.VoucherPayload{ChannelConfig: ch.config, Voucher: voucher})
	if err != nil {
		ch.release(ceiling)
		return nil, Receipt{}, nil, err
	}
	result, err := c.pay(ctx, tool, arguments, paid)
	if err != nil {
		if !errors.Is(err, ErrUnknownOutcome) {
			ch.release(ceiling)
			return nil, Receipt{}, nil, err
		}
		ch.lose(ceiling)
		return nil, Receipt{}, nil, errors.Join(err, c.note(ch))
	}
	if required := requiredOf(result); required != nil {
		return nil, Receipt{}, &refusal{required, ceiling}, nil
	}
	receipt, err := c.settle(ch, ceiling, result)
	return result, receipt, nil, errors.Join(err, c.note(ch))
}

// pay sends a call with its payment. Where no answer comes it is sent once more: the
// payment has an identifier, so that it is taken once at most.
func (c *Client) pay(ctx context.Context, tool string, arguments map[string]any, paid *x402.PaymentPayload) (*mcp.CallToolResult, error) {
	r := request(tool, arguments)
	r.Params.Meta = &mcp.Meta{AdditionalFields: map[string]any{x402.MetaPayment: paid}}
	result, err := c.mcp.CallTool(ctx, r)
	if isSilence(err) && ctx.Err() == nil {
		result, err = c.mcp.CallTool(ctx, r)
	}
	if isSilence(err) {
		return nil, fmt.Errorf("%w: %w", ErrUnknownOutcome, err)
	}
	return result, err
}

// isSilence tells a lost answer from an error that the server answered with.
func isSilence(err error) bool {
	var lost *transport.Error
	return errors.As(err, &lost)
}

// settle holds the answer of a paid call against the account.
func (c *Client) settle(ch *channel, ceiling vouchers.Amount, result *mcp.CallToolResult) (Receipt, error) {
	response, err := responseOf(result)
	if err == nil && response == nil && !result.IsError {
		err = fmt.Errorf("%w: the answer carries no receipt", ErrDishonest)
	}
	if err != nil || response == nil {
		ch.lose(ceiling)
		return Receipt{}, err
	}
	state, charged := response.Extra.ChannelState, response.Extra.ChargedAmount
	if !response.Success || state == nil || state.ChannelID != ch.id || state.ChargedCumulativeAmount == nil || charged == nil {
		ch.lose(ceiling)
		return Receipt{}, fmt.Errorf("%w: the receipt does not say what channel %s was charged", ErrDishonest, ch.id)
	}
	if err := ch.settle(ceiling, *charged, *state.ChargedCumulativeAmount); err != nil {
		return Receipt{}, err
	}
	return Receipt{Paid: *charged > 0, Charged: *charged, Channel: ch.id, Cumulative: ch.total()}, nil
}

// reconsider reads why a payment was refused, ends its reservation, and returns the
// terms to try again on.
func (c *Client) reconsider(ctx context.Context, ch *channel, t *terms, tool string, no *refusal) (*terms, error) {
	fresh, proof, err := c.read(ctx, ch, t, tool, no.required)
	if proof == nil {
		ch.release(no.ceiling)
		return fresh, err
	}
	return fresh, ch.correct(no.ceiling, proof.charged, proof.ceiling)
}

// read returns the terms of a refusal, and what it proves where the payment was for
// another amount than the server's account asks for.
func (c *Client) read(ctx context.Context, ch *channel, t *terms, tool string, required *x402.PaymentRequired) (*terms, *proof, error) {
	fresh, err := c.learn(ctx, tool, required)
	if err != nil {
		return nil, nil, err
	}
	switch required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		if fresh.accepted.Amount != t.accepted.Amount {
			return fresh, nil, nil // the price was raised; the policy decides
		}
		p, err := c.check(ctx, ch, required)
		return fresh, p, err
	case x402.ErrChannelNotFound:
		return nil, nil, fmt.Errorf("%w to %s: deposit first, with `chit deposit AMOUNT`", ErrNoChannel, c.server)
	case x402.ErrInsufficientBalance:
		return nil, nil, fmt.Errorf("%w: %w", ErrBalance, refused(required))
	}
	return nil, nil, refused(required)
}

func refused(required *x402.PaymentRequired) *RefusedError {
	e := &RefusedError{Code: required.Error, Detail: required.ErrorMessage}
	if len(required.Accepts) > 0 {
		e.Price = required.Accepts[0].Amount
	}
	return e
}

// transactionOf reads the hash in a receipt, zero if there is none.
func transactionOf(response *x402.SettlementResponse) common.Hash {
	return common.HexToHash(response.Transaction)
}
