// Package allowance is a payer's and a token holder's side of credit tokens: it asks
// a server for grants with the payer's orders, and calls tools on a token.
package allowance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/vouchers"
)

// ErrNoChannel says that the payer has no channel to the server.
var ErrNoChannel = errors.New("no channel to this server")

// Owner orders what is done with the grants of a channel.
type Owner struct {
	// Client is connected to the server.
	Client *agent.Client
	// Key signs the channel's vouchers.
	Key chain.Signer
	// Channel pays.
	Channel vouchers.ChannelID
}

// ChannelTo finds the channel to a server in the book: the one with the most money.
// The error wraps [ErrNoChannel] if there is none that key signs for.
func ChannelTo(book *agent.Book, url string, key chain.Signer) (vouchers.ChannelID, error) {
	entries, err := book.Channels()
	if err != nil {
		return vouchers.ChannelID{}, err
	}
	var best *agent.Entry
	for i, e := range entries {
		if agent.ServerName(e.Server) == agent.ServerName(url) && e.Config.VoucherSigner() == key.Address() && (best == nil || e.Available() > best.Available()) {
			best = &entries[i]
		}
	}
	if best == nil {
		return vouchers.ChannelID{}, fmt.Errorf("%w: %s signs for none to %s; deposit first, with `chit deposit AMOUNT`", ErrNoChannel, key.Address(), url)
	}
	return best.Channel, nil
}

// order signs an order that is good for a few minutes.
func (o Owner) order(ctx context.Context, action, subject string) (deadline uint64, signature vouchers.Signature, err error) {
	order := credit.Order{Action: action, Channel: o.Channel, Subject: subject, Deadline: uint64(time.Now().Add(credit.OrderTime).Unix())}
	signature, err = o.Key.SignHash(ctx, order.Digest())
	if err != nil {
		return 0, nil, fmt.Errorf("sign the order to %s: %w", action, err)
	}
	return order.Deadline, signature, nil
}

// Grant pays for a budget and returns its token. Errors are those of the scope, of
// [agent.Client.CallTool], or the server's.
func (o Owner) Grant(ctx context.Context, scope credit.Scope, label string) (server.Granted, error) {
	caveats, err := scope.Caveats()
	if err != nil {
		return server.Granted{}, err
	}
	arguments := server.GrantArguments{Label: label}
	for _, c := range caveats {
		arguments.Caveats = append(arguments.Caveats, c.String())
	}
	arguments.Deadline, arguments.Signature, err = o.order(ctx, "grant", credit.GrantSubject(caveats, label))
	if err != nil {
		return server.Granted{}, err
	}
	return o.buy(ctx, arguments)
}

// TopUp pays for more budget of a grant.
func (o Owner) TopUp(ctx context.Context, id credit.GrantID, amount vouchers.Amount) (server.Granted, error) {
	arguments := server.GrantArguments{Grant: &id, Amount: amount}
	var err error
	arguments.Deadline, arguments.Signature, err = o.order(ctx, "top-up", credit.TopUpSubject(id, amount))
	if err != nil {
		return server.Granted{}, err
	}
	return o.buy(ctx, arguments)
}

func (o Owner) buy(ctx context.Context, arguments server.GrantArguments) (server.Granted, error) {
	fields, err := object(arguments)
	if err != nil {
		return server.Granted{}, err
	}
	result, _, err := o.Client.CallTool(ctx, server.CreditGrantTool, fields)
	if err != nil {
		return server.Granted{}, err
	}
	return decode[server.Granted](result)
}

// List lists the grants of the channel.
func (o Owner) List(ctx context.Context) ([]credit.Grant, error) {
	list, err := ask[server.GrantList](ctx, o, server.CreditArguments{Action: "list"}, "")
	return list.Grants, err
}

// Revoke ends a grant and every token that was made of it.
func (o Owner) Revoke(ctx context.Context, id credit.GrantID) (credit.Grant, error) {
	return ask[credit.Grant](ctx, o, server.CreditArguments{Action: "revoke", Grant: &id}, id.String())
}

func ask[T any](ctx context.Context, o Owner, a server.CreditArguments, subject string) (T, error) {
	var none T
	var err error
	a.Channel = o.Channel
	if a.Deadline, a.Signature, err = o.order(ctx, a.Action, subject); err != nil {
		return none, err
	}
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = server.CreditTool, a
	result, err := o.Client.MCP().CallTool(ctx, req)
	if err != nil {
		return none, fmt.Errorf("ask the server to %s: %w", a.Action, err)
	}
	return decode[T](result)
}

// object is arguments as a JSON object.
func object(arguments any) (map[string]any, error) {
	raw, err := json.Marshal(arguments)
	if err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("encode the arguments: %w", err)
	}
	return fields, nil
}

// decode reads what a tool answered.
func decode[T any](result *mcp.CallToolResult) (T, error) {
	var v T
	if result.IsError {
		return v, refusal(result)
	}
	if err := json.Unmarshal(result.RawStructuredContent, &v); err != nil {
		return v, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return v, nil
}
