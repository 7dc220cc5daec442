package agent

import (
	"context"
	"errors"
	"log/slog"

	"github.com/mark3labs/mcp-go/client/transport"
)

// Proxy is a local MCP server in front of a paid one. It passes every message on, byte
// for byte where it can, and pays for the tools that are called. What it adds is the
// tool chit_balance, and results that an agent can act on where a call is not paid
// ([Problem], as structured content). It talks to one client, over a pair of streams.
type Proxy struct {
	*payer
	*relay
}

// OpenProxy makes a proxy to an MCP server over streamable HTTP. It connects to the
// chain, and to the server when its client does. The caller closes it.
func OpenProxy(ctx context.Context, server string, o Options, logger *slog.Logger) (*Proxy, error) {
	if o.Disputed == nil {
		o.Disputed = func(d Dispute) { d.log(logger) }
	}
	p, err := newPayerAt(ctx, server, o)
	if err != nil {
		return nil, err
	}
	x := &Proxy{payer: p}
	if x.relay, err = newRelay(p.target, p.server, p.limits, p.asked, logger, transport.WithHTTPBasicClient(p.http)); err != nil {
		return nil, errors.Join(err, p.close())
	}
	x.paying = x
	if x.policy.AskAbove > 0 && x.policy.Approve == nil {
		x.policy.Approve = x.askUser
	}
	x.depositBy, x.prices.List = x.depositTool, x.listPrices
	return x, nil
}

// Close writes the book, closes the connections, and logs a summary of what was paid. [Proxy.Serve] must have returned.
func (p *Proxy) Close() error {
	defer p.sayWhatWasPaid()
	return errors.Join(p.wire.Close(), p.close())
}
