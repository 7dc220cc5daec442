package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// terms are a server's entry that this client can pay by, with the escrow behind it.
type terms struct {
	accepted   x402.Requirements
	resource   x402.Resource
	addresses  escrow.Addresses
	contract   *escrow.Contract
	config     vouchers.ChannelConfig
	id         vouchers.ChannelID
	minDeposit vouchers.Amount
}

// choose returns the first entry that this client can pay by. Our own escrow comes
// before the canonical one.
func (c *Client) choose(ctx context.Context, required *x402.PaymentRequired) (*terms, error) {
	var reasons []error
	var canonical *terms
	for _, entry := range required.Accepts {
		t, err := c.consider(ctx, entry)
		switch {
		case err != nil:
			reasons = append(reasons, err)
		case t.addresses.Escrow == escrow.Canonical.Escrow && canonical == nil:
			canonical = t
		default:
			t.resource = required.Resource
			return t, nil
		}
	}
	if canonical != nil {
		canonical.resource = required.Resource
		return canonical, nil
	}
	return nil, fmt.Errorf("%w: %w", ErrTerms, errors.Join(reasons...))
}

func (c *Client) consider(ctx context.Context, entry x402.Requirements) (*terms, error) {
	switch {
	case !entry.Supported():
		return nil, fmt.Errorf("the scheme %s on %s is not supported", entry.Scheme, entry.Network)
	case entry.Network != c.chain.Network():
		return nil, fmt.Errorf("it is paid on %s, this client's chain is %s", entry.Network, c.chain.Network())
	case entry.Asset != c.token.Address:
		return nil, fmt.Errorf("it is paid in token %s, this client may spend %s", entry.Asset, c.token.Address)
	}
	address := escrow.Canonical.Escrow
	if entry.Extra.Escrow != nil {
		address = *entry.Extra.Escrow
	}
	trusted, err := escrow.Trusted(ctx, c.chain, address, c.pinned...)
	if err != nil {
		return nil, err
	}
	t := &terms{accepted: entry, addresses: trusted, contract: escrow.At(c.chain, trusted.Escrow), minDeposit: entry.Extra.MinDeposit}
	t.accepted.Extra.ChannelState, t.accepted.Extra.VoucherState = nil, nil
	t.config = vouchers.ChannelConfig{
		Payer: c.key.Address(), PayerAuthorizer: c.key.Address(),
		Receiver: entry.PayTo, ReceiverAuthorizer: entry.Extra.ReceiverAuthorizer,
		Token: entry.Asset, WithdrawDelay: entry.Extra.WithdrawDelay,
	}
	if err := t.config.Validate(); err != nil {
		return nil, err
	}
	t.id = t.contract.Domain().ChannelID(t.config)
	return t, nil
}

// known returns the terms that a tool was last offered on, nil if it never was.
func (c *Client) known(tool string) *terms {
	c.learning.Lock()
	defer c.learning.Unlock()
	return c.terms[tool]
}

// learn takes over the terms of a tool.
func (c *Client) learn(ctx context.Context, tool string, required *x402.PaymentRequired) (*terms, error) {
	t, err := c.choose(ctx, required)
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", tool, c.server, err)
	}
	c.learning.Lock()
	defer c.learning.Unlock()
	c.terms[tool] = t
	return t, nil
}

// anyTerms asks a tool that takes payments and does nothing without one.
func (c *Client) anyTerms(ctx context.Context, tool string) (*terms, error) {
	if t := c.known(tool); t != nil {
		return t, nil
	}
	result, err := c.mcp.CallTool(ctx, request(tool, nil))
	if err != nil {
		return nil, fmt.Errorf("ask %s for its terms: %w", c.server, err)
	}
	required := requiredOf(result)
	if required == nil {
		return nil, fmt.Errorf("%w: %s of %s asks for no payment", ErrTerms, tool, c.server)
	}
	return c.learn(ctx, tool, required)
}

func request(tool string, arguments map[string]any) mcp.CallToolRequest {
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, arguments
	return r
}

// requiredOf returns what a refused call is answered with, nil if the answer is
// something else.
func requiredOf(result *mcp.CallToolResult) *x402.PaymentRequired {
	if !result.IsError {
		return nil
	}
	if len(result.RawStructuredContent) > 0 {
		if required, err := x402.DecodePaymentRequired(result.RawStructuredContent); err == nil {
			return required
		}
	}
	if len(result.Content) > 0 {
		if text, ok := result.Content[0].(mcp.TextContent); ok {
			if required, err := x402.DecodePaymentRequired([]byte(text.Text)); err == nil {
				return required
			}
		}
	}
	return nil
}

// responseOf returns the receipt of an answer, nil if it carries none.
func responseOf(result *mcp.CallToolResult) (*x402.SettlementResponse, error) {
	if result.Meta == nil {
		return nil, nil
	}
	value, ok := result.Meta.AdditionalFields[x402.MetaPaymentResponse]
	if !ok {
		return nil, nil
	}
	response, err := x402.DecodeValue[x402.SettlementResponse](value)
	if err != nil {
		return nil, fmt.Errorf("%w: the receipt cannot be read: %w", ErrDishonest, err)
	}
	return response, nil
}

// metaPrice is the key under which a tool's terms are announced in its _meta.
const metaPrice = "x402/payment-required"

func (c *Client) announcedPrice(tool mcp.Tool) vouchers.Amount {
	if tool.Meta == nil {
		return 0
	}
	required, err := x402.DecodeValue[x402.PaymentRequired](tool.Meta.AdditionalFields[metaPrice])
	if err != nil {
		return 0 // not announced
	}
	var price vouchers.Amount
	for _, entry := range required.Accepts {
		price = max(price, entry.Amount)
	}
	return price
}
