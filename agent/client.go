package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"
	mcpclient "github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
)

// Options say who pays, with what, and how much at most.
type Options struct {
	// Key owns the money and signs deposits and vouchers.
	Key chain.Signer
	// RPC is the URL of the chain's JSON-RPC; several are separated by commas.
	RPC string
	// Token is the ERC-20 that may be spent; terms in any other are refused.
	Token common.Address
	// ChainID must be the chain's; 0 takes what the RPC reports.
	ChainID uint64
	// Policy limits what is paid without asking.
	Policy Policy
	// Pinned are escrows that the owner trusts beside the canonical one and chit's own.
	Pinned []escrow.Addresses
	// Book is the path of the channel book; empty keeps the channels in memory alone.
	Book string
	// Name and Version introduce the client to the server.
	Name, Version string
}

// Client calls the tools of one MCP server and pays for them. It is safe for
// concurrent use: any number of calls may be in flight in one channel.
type Client struct {
	mcp    *mcpclient.Client
	http   *http.Client
	chain  *chain.Client
	key    chain.Signer
	token  escrow.Token
	policy Policy
	pinned []escrow.Addresses
	book   *Book
	server string

	learning sync.Mutex // guards what follows
	terms    map[string]*terms
	channels map[vouchers.ChannelID]*channel
}

// connections is how many calls can be on the wire at once without new connections.
const connections = 256

// Dial connects to an MCP server over streamable HTTP, and to the chain. The caller
// closes the client.
func Dial(ctx context.Context, server string, o Options) (*Client, error) {
	if o.Key == nil || o.Token == (common.Address{}) {
		return nil, fmt.Errorf("%w: Options needs a Key that pays and the Token that it may spend", ErrTerms)
	}
	c := &Client{
		key: o.Key, policy: o.Policy, pinned: o.Pinned, server: server,
		terms: make(map[string]*terms), channels: make(map[vouchers.ChannelID]*channel),
	}
	if err := c.dial(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Client) dial(ctx context.Context, o Options) error {
	var err error
	if o.Book != "" {
		if c.book, err = OpenBook(o.Book); err != nil {
			return err
		}
	}
	if c.chain, err = chain.Dial(ctx, o.RPC, chain.WithChainID(o.ChainID), chain.WithErrors(escrow.ABIs()...)); err != nil {
		return err
	}
	if err := chain.RefuseDevKey(c.chain.ChainID(), c.key); err != nil {
		return err
	}
	if c.token, err = escrow.ReadToken(ctx, c.chain, o.Token); err != nil {
		return err
	}
	wire := http.DefaultTransport.(*http.Transport).Clone()
	wire.MaxIdleConns, wire.MaxIdleConnsPerHost = connections, connections
	c.http = &http.Client{Transport: wire}
	if c.mcp, err = mcpclient.NewStreamableHttpClient(c.server, transport.WithHTTPBasicClient(c.http)); err != nil {
		return fmt.Errorf("connect to %s: %w", c.server, err)
	}
	return c.hello(ctx, o)
}

func (c *Client) hello(ctx context.Context, o Options) error {
	if err := c.mcp.Start(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", c.server, err)
	}
	var hello mcp.InitializeRequest
	hello.Params.ClientInfo = mcp.Implementation{Name: orElse(o.Name, "chit"), Version: orElse(o.Version, "dev")}
	if _, err := c.mcp.Initialize(ctx, hello); err != nil {
		return fmt.Errorf("%s does not answer as an MCP server: %w; is it running, and does the URL end in its path (/mcp)?", c.server, err)
	}
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
	errs := []error{c.save()}
	if c.mcp != nil {
		errs = append(errs, c.mcp.Close())
	}
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
	if c.chain != nil {
		c.chain.Close()
	}
	return errors.Join(errs...)
}

// MCP is the connection under the client, for everything but tool calls.
func (c *Client) MCP() *mcpclient.Client { return c.mcp }

// Token is what is paid with.
func (c *Client) Token() escrow.Token { return c.token }

// WalletBalance is what the payer has outside of channels, in atomic units.
func (c *Client) WalletBalance(ctx context.Context) (vouchers.Amount, error) {
	return c.token.Balance(ctx, c.chain, c.key.Address())
}

// Tools lists the server's tools with their prices as far as the server announces
// them. The tools that move a client's money are left out: [Client.Deposit] and
// [Client.Refund] call them.
func (c *Client) Tools(ctx context.Context) ([]Tool, error) {
	result, err := c.mcp.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, fmt.Errorf("list the tools of %s: %w", c.server, err)
	}
	tools := []Tool{}
	for _, tool := range result.Tools {
		if tool.Name != depositTool && tool.Name != refundTool {
			tools = append(tools, Tool{Tool: tool, Price: c.announcedPrice(tool)})
		}
	}
	return tools, nil
}

// Tool is a tool with its price.
type Tool struct {
	mcp.Tool
	// Price is the most that a call costs, in atomic units; 0 is free or not announced.
	Price vouchers.Amount
}

// saveEvery is how much news of a channel may be lost to a crash. Losing it costs a
// round trip, not money.
const saveEvery = time.Second
