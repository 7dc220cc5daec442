package agent

import (
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// The tools of a chit server that move money.
const (
	depositTool = "chit_deposit"
	refundTool  = "chit_refund"
)

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

// Deposit moves money into the channel to the server: the payer signs (EIP-3009, or
// Permit2 where the server takes nothing else), the server submits and pays the gas. It returns when the chain confirms it. A server
// that takes deposits with a paid call alone is an error that wraps [ErrTerms]; see
// [Options.TopUp].
func (c *Client) Deposit(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	moved, err := c.depositAmount(ctx, amount)
	if err != nil {
		return Moved{}, fmt.Errorf("deposit %s: %w", amount, err)
	}
	return moved, nil
}

func (c *Client) depositAmount(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	if err := c.policy.AllowsDeposit(c.server, amount); err != nil {
		return Moved{}, err
	}
	if err := c.writable(); err != nil {
		return Moved{}, err
	}
	by, err := c.depositBy(ctx)
	if err != nil {
		return Moved{}, err
	}
	if by == nil {
		return Moved{}, fmt.Errorf("%w: %s takes deposits with a paid call alone: `chit call TOOL --deposit AMOUNT`", policy.ErrTerms, c.server)
	}
	t, err := c.anyTerms(ctx, by)
	if err != nil {
		return Moved{}, err
	}
	ch, err := c.channelOf(ctx, t)
	if err != nil {
		return Moved{}, err
	}
	return c.depositByHand(ctx, ch, amount, by)
}

// depositTool is where the server takes deposits, nil if it has no tool for them.
func (c *Client) depositTool(ctx context.Context) (*wanted, error) {
	return c.moneyTool(ctx, depositTool)
}

func (c *Client) moneyTool(ctx context.Context, name string) (*wanted, error) {
	c.moneyTools.Lock()
	defer c.moneyTools.Unlock()
	if c.has == nil {
		all, err := dial.ListTools(ctx, c.mcp, c.limits)
		if err != nil {
			return nil, fmt.Errorf("list the tools of %s: %w", c.server, naming.Conceal(err, c.target, c.server))
		}
		c.has = make(map[string]bool)
		for _, tool := range all {
			if movesMoney(tool.Name) {
				c.has[tool.Name] = true
			}
		}
	}
	if !c.has[name] {
		return nil, nil
	}
	var result *mcp.CallToolResult
	return c.want(name, nil, &result), nil
}

// Refund asks the server for what is left in the channel, or for amount if it is not
// zero. It fails while calls are in flight.
func (c *Client) Refund(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	by, err := c.moneyTool(ctx, refundTool)
	if err == nil && by == nil {
		err = fmt.Errorf("%w: %s gives no refunds; `chit withdraw start` takes the money without its consent", policy.ErrTerms, c.server)
	}
	var moved Moved
	if err == nil {
		moved, err = c.refund(ctx, by, amount)
	}
	if err != nil {
		return Moved{}, fmt.Errorf("refund: %w", err)
	}
	return moved, nil
}

// pricedTool is a tool that the server announces a price of, with what it announces. A
// payment that buys nothing, sent to it, is answered without running it.
func (c *Client) pricedTool(ctx context.Context) (*wanted, error) {
	tools, err := c.Tools(ctx)
	if err != nil {
		return nil, err
	}
	for _, tool := range tools {
		if tool.Price > 0 || c.known(tool.Name) != nil {
			var result *mcp.CallToolResult
			w := c.want(tool.Name, nil, &result)
			w.listed = announcedTerms(tool.Tool)
			return w, nil
		}
	}
	return nil, fmt.Errorf("%w: %s announces no tool that costs anything", policy.ErrTerms, c.server)
}
