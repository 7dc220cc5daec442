package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/escrow/funding"
	"github.com/chitpay/chit/vouchers"
)

// holdings tell what a payer has, and has spent.
type holdings interface {
	// Token is what is paid with, Payer the account that pays.
	Token() funding.Token
	Payer() common.Address
	// WalletBalance is what the payer has outside of channels, in atomic units.
	WalletBalance(ctx context.Context) (vouchers.Amount, error)
	// Spent is what was spent by the payer's book, with what is held for calls in flight.
	Spent() (Spent, error)
	// Balance tells what there is to spend, by the payer's own book and the chain.
	Balance(ctx context.Context) (Balance, error)
}

// Client calls the tools of one MCP server and pays for them. It is safe for
// concurrent use: any number of calls may be in flight in one channel.
type Client struct {
	holdings
	payer *pay.Payer
	mcp   *mcpclient.Client

	moneyTools sync.Mutex      // guards has
	has        map[string]bool // which of the tools that move money there are; nil until it was asked
}

// Dial connects to an MCP server over streamable HTTP, and to the chain. The caller
// closes the client. Errors wrap [ErrNoServer] if the server does not answer, or [ErrURL].
func Dial(ctx context.Context, server string, o Options) (*Client, error) {
	p, err := pay.OpenAt(ctx, server, o)
	if err != nil {
		return nil, err
	}
	c := &Client{holdings: p, payer: p}
	if err := c.dial(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Wrap pays over a connection that the caller has made and initialized: SSE, a
// program's standard streams, or one in process. Budgets and the book know the server by
// the name that is given. Closing the client closes the connection.
func Wrap(ctx context.Context, connection *mcpclient.Client, server string, o Options) (*Client, error) {
	p, err := pay.Open(ctx, naming.Server(server), o)
	if err != nil {
		return nil, err
	}
	c := &Client{holdings: p, payer: p, mcp: connection}
	c.payer.DepositBy, c.payer.Prices.List = c.depositTool, c.listPrices
	return c, nil
}

func (c *Client) dial(ctx context.Context, o Options) error {
	var err error
	if c.mcp, err = dial.MCP(ctx, c.payer.Target, c.payer.HTTP, c.payer.Asked); err != nil {
		return fmt.Errorf("connect to %s: %w", c.payer.Server, err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: orElse(o.Name, "chit"), Version: orElse(o.Version, "dev")}
	ctx, done := c.payer.Limits.Within(ctx)
	defer done()
	ctx, why := dial.Watched(ctx)
	if _, err := c.mcp.Initialize(ctx, hello); err != nil {
		return dial.NotMCP(c.payer.Server, naming.Conceal(why(err), c.payer.Target, c.payer.Server))
	}
	c.payer.DepositBy, c.payer.Prices.List = c.depositTool, c.listPrices
	return nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Close writes the book and closes the connections.
func (c *Client) Close() error {
	var err error
	if c.mcp != nil {
		err = c.mcp.Close()
	}
	return errors.Join(c.payer.Close(), err)
}

// MCP is the connection under the client, for everything but tool calls.
func (c *Client) MCP() *mcpclient.Client { return c.mcp }

// Tools lists the server's tools with their prices as far as the server announces
// them. The tools that move a client's money are left out: [Client.Deposit] and
// [Client.Refund] call them.
func (c *Client) Tools(ctx context.Context) ([]Tool, error) {
	all, err := dial.ListTools(ctx, c.mcp, c.payer.Limits)
	if err != nil {
		return nil, fmt.Errorf("list the tools of %s: %w", c.payer.Server, naming.Conceal(err, c.payer.Target, c.payer.Server))
	}
	tools, prices := []Tool{}, make(map[string]vouchers.Amount)
	for _, tool := range all {
		if !movesMoney(tool.Name) {
			maps.Copy(prices, c.announcedPrices(tool))
			tools = append(tools, Tool{Tool: tool, Price: prices[tool.Name]})
		}
	}
	c.payer.Prices.Announce(prices, true)
	return tools, nil
}

// listPrices asks what the server announces.
func (c *Client) listPrices(ctx context.Context) (map[string]vouchers.Amount, error) {
	tools, err := c.Tools(ctx)
	prices := make(map[string]vouchers.Amount, len(tools))
	for _, tool := range tools {
		maps.Copy(prices, c.announcedPrices(tool.Tool))
	}
	return prices, err
}

func movesMoney(tool string) bool { return tool == depositTool || tool == refundTool }
