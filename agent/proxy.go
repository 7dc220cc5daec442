package agent

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/mark3labs/mcp-go/client/transport"

	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/relay"
)

// Proxy is a local MCP server in front of a paid one. It passes every message on, byte
// for byte where it can, and pays for the tools that are called. What it adds is the
// tool chit_balance, and results that an agent can act on where a call is not paid
// ([Problem], as structured content). It talks to one client, over a pair of streams.
type Proxy struct {
	holdings
	serving
	paying *voucherProxy
}

// serving is what talks to the client of a proxy.
type serving interface {
	// Serve talks to a client until in ends or ctx does. Where in cannot be interrupted, one
	// goroutine stays behind that reads it.
	Serve(ctx context.Context, in io.Reader, out io.Writer) error
}

// OpenProxy makes a proxy to an MCP server over streamable HTTP. It connects to the
// chain, and to the server when its client does. The caller closes it.
func OpenProxy(ctx context.Context, server string, o Options, logger *slog.Logger) (*Proxy, error) {
	if o.Disputed == nil {
		o.Disputed = func(d Dispute) { d.Log(logger) }
	}
	if o.Reopened == nil {
		o.Reopened = func(r Reopened) { r.Log(logger) }
	}
	p, err := pay.OpenAt(ctx, server, o)
	if err != nil {
		return nil, err
	}
	x := &voucherProxy{payer: p, logger: logger}
	if x.Relay, err = relay.New(relay.Options{Target: p.Target, URL: p.Server, Limits: p.Limits, Asked: p.Asked, Logger: logger, Paying: x}, transport.WithHTTPBasicClient(p.HTTP)); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	if x.payer.Policy.AskAbove > 0 && x.payer.Policy.Approve == nil {
		x.payer.Policy.Approve = x.AskUser
	}
	x.payer.DepositBy, x.payer.Prices.List = x.depositTool, x.listPrices
	return &Proxy{holdings: p, serving: x.Relay, paying: x}, nil
}

// Close writes the book, closes the connections, and logs a summary of what was paid. [Proxy.Serve] must have returned.
func (p *Proxy) Close() error {
	defer p.paying.SayWhatWasPaid()
	return errors.Join(p.paying.Relay.Close(), p.paying.payer.Close())
}
