package agent

import (
	"cmp"
	"context"
	"net/http"
	"net/url"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/x402"
)

// A payer asks a chit server where its channel stands by an order, with no payment. Other
// servers say so when they refuse a payment.

// stateTool and headerState are how that is asked for, over MCP and plain HTTP.
const (
	stateTool   = "chit_state"
	headerState = "Chit-State"
)

// standing is what the server proves of a channel, nil where it knows nothing beyond the
// chain.
func (p *payer) standing(ctx context.Context, ch *channel, by *wanted) (*account.Proof, error) {
	signed, err := p.signOrder(ctx, ch.id, "state", "")
	if err != nil {
		return nil, err
	}
	told, err := by.tell(ctx, x402.StateOrder{Channel: ch.id, Deadline: signed.Deadline, Signature: signed.Signature})
	switch {
	case err != nil || told == nil:
	case told.ErrorReason == x402.ErrChannelNotFound:
		return nil, nil
	case told.Success:
		state := told.Extra.ChannelState
		if state != nil && state.ChannelID == ch.id && state.ChargedCumulativeAmount != nil {
			return p.checkState(ctx, ch, *state.ChargedCumulativeAmount, told.Extra.VoucherState)
		}
	}
	return p.probe(ctx, ch, by)
}

// probe offers a voucher for nothing: the server refuses it and says where the channel
// stands. What it returns is nil where the server knows nothing beyond the chain.
func (p *payer) probe(ctx context.Context, ch *channel, by *wanted) (*account.Proof, error) {
	voucher, err := p.sign(ctx, ch, 0)
	if err != nil {
		return nil, err
	}
	// a seller holds what is accepted against the price of what is asked
	paid, err := wrap(cmp.Or(p.known(by.name), ch.terms), &x402.VoucherPayload{ChannelConfig: ch.config, Voucher: voucher})
	if err == nil {
		err = p.order(ctx, ch, paid, "state", "") // the voucher may be on chain
	}
	if err != nil {
		return nil, err
	}
	a, _, err := p.send(ctx, by, paid)
	if err != nil {
		return nil, err
	}
	if a.required == nil || a.required.Error == x402.ErrChannelNotFound {
		return nil, nil
	}
	switch a.required.Error {
	case x402.ErrCumulativeAmountMismatch, x402.ErrCumulativeBelowClaimed, x402.ErrCumulativeExceedsBalance:
		return p.check(ctx, ch, a.required)
	}
	return nil, refused(a.required)
}

// tell asks for the state of a channel by the tool of chit servers. Others have none.
func (c *Client) tell(ctx context.Context, order x402.StateOrder) (*x402.SettlementResponse, error) {
	ctx, _ = dial.Watched(ctx)
	result, err := c.mcp.CallTool(ctx, request(stateTool, map[string]any{
		"channel": order.Channel, "deadline": order.Deadline, "signature": order.Signature.Hex(),
	}))
	if err != nil {
		return nil, err
	}
	return receiptOf(result), nil
}

// tell asks for the state of a channel where a resource is that it pays for. Servers that
// do not know the header answer as they do to a request without a payment.
func (c *HTTPClient) tell(ctx context.Context, u *url.URL, r HTTPRequest, order x402.StateOrder) (*x402.SettlementResponse, error) {
	header, err := x402.EncodeHeader(&order)
	if err != nil {
		return nil, err
	}
	asking := HTTPRequest{Method: r.Method, Header: http.Header{}}
	if r.Header != nil {
		asking.Header = r.Header.Clone()
	}
	asking.Header.Set(headerState, header)
	response, err := c.exchange(ctx, u, asking, nil)
	if err != nil {
		return nil, err
	}
	return x402.DecodeHeader[x402.SettlementResponse](response.Header.Get(x402.HeaderPaymentResponse))
}
