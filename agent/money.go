package agent

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
)

// The tools of a chit server that move money.
const (
	depositTool = "chit_deposit"
	refundTool  = "chit_refund"
)

// Deposit moves money into the channel to the server: the payer signs (EIP-3009, or
// Permit2 where the server takes nothing else), the server submits and pays the gas. It returns when the chain confirms it. A server
// that takes deposits with a paid call alone is an error that wraps [ErrTerms]; see
// [Options.TopUp].
func (c *Client) Deposit(ctx context.Context, amount vouchers.Amount) (Moved, error) {
	moved, err := c.payer.Deposit(ctx, amount)
	if err != nil {
		return Moved{}, fmt.Errorf("deposit %s: %w", amount, err)
	}
	return moved, nil
}

// depositTool is where the server takes deposits, nil if it has no tool for them.
func (c *Client) depositTool(ctx context.Context) (*pay.Want, error) {
	return c.moneyTool(ctx, depositTool)
}

func (c *Client) moneyTool(ctx context.Context, name string) (*pay.Want, error) {
	c.moneyTools.Lock()
	defer c.moneyTools.Unlock()
	if c.has == nil {
		all, err := dial.ListTools(ctx, c.mcp, c.payer.Limits)
		if err != nil {
			return nil, fmt.Errorf("list the tools of %s: %w", c.payer.Server, naming.Conceal(err, c.payer.Target, c.payer.Server))
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
		err = fmt.Errorf("%w: %s gives no refunds; `chit withdraw start` takes the money without its consent", policy.ErrTerms, c.payer.Server)
	}
	var moved Moved
	if err == nil {
		moved, err = c.payer.Refund(ctx, by, amount)
	}
	if err != nil {
		return Moved{}, fmt.Errorf("refund: %w", err)
	}
	return moved, nil
}

// TopUp deposits what [Options.TopUp] says, if less than its Below is left in the
// channel to the server, or less than one atomic unit. It returns false if there was
// no need.
func (c *Client) TopUp(ctx context.Context) (Moved, bool, error) {
	moved, needed, err := c.payer.TopUp(ctx)
	if err != nil {
		return Moved{}, false, fmt.Errorf("top up: %w", err)
	}
	return moved, needed, nil
}
