// Package allowance is a payer's and a token holder's side of credit tokens: it asks
// a server for grants with the payer's orders, and calls tools on a token.
package allowance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/credit/order"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/server/token"
	"github.com/chitpay/chit/vouchers"
)

// ErrNoChannel says that the payer has no channel to the server.
var ErrNoChannel = errors.New("no channel to this server")

// Owner orders what is done with the grants of a channel.
type Owner struct {
	// Client is connected to the server.
	Client *agent.Client
	// Key signs the channel's vouchers.
	Key keys.Signer
	// Channel pays.
	Channel vouchers.ChannelID
	// Book is the payer's, which remembers for which order each grant was given.
	Book *book.Book
}

// ChannelTo finds the channel to a server in the book: the one with the most money.
// The error wraps [ErrNoChannel] if there is none that key signs for.
func ChannelTo(book *book.Book, url string, key keys.Signer) (vouchers.ChannelID, error) {
	entries, err := book.ChannelsTo(url)
	if err != nil {
		return vouchers.ChannelID{}, err
	}
	var best *agent.Entry
	for i, e := range entries {
		if e.Config.VoucherSigner() == key.Address() && (best == nil || e.Available() > best.Available()) {
			best = &entries[i]
		}
	}
	if best == nil {
		return vouchers.ChannelID{}, fmt.Errorf("%w: %s signs for none to %s; deposit first, with `chit deposit AMOUNT`", ErrNoChannel, key.Address(), url)
	}
	return best.Channel, nil
}

// order signs an order that is good for a few minutes.
func (o Owner) order(ctx context.Context, action, subject string) (signed order.Order, signature vouchers.Signature, err error) {
	signed = order.Order{Action: action, Channel: o.Channel, Subject: subject, Deadline: uint64(time.Now().Add(order.Lifetime).Unix())}
	signature, err = o.Key.SignHash(ctx, signed.Digest())
	if err != nil {
		return order.Order{}, nil, fmt.Errorf("sign the order to %s: %w", action, err)
	}
	return signed, signature, nil
}

// ErrGrant says that a server has not granted what was asked for.
var ErrGrant = errors.New("the server did not grant what was asked for")

// Grant pays for a budget and returns its token, which was held against what was asked
// for. It pays no more than the budget. Errors are those of the scope, of
// [agent.Client.CallToolFor], or the server's, or wrap [ErrGrant], and [book.ErrGrantGiven]
// too where the server has given the grant before; or they wrap [book.ErrManyGrants], and
// nothing was paid, or [book.ErrUnwritten], and the token is returned all the same.
func (o Owner) Grant(ctx context.Context, scope macaroon.Scope, label string) (token.Granted, error) {
	caveats, err := scope.Caveats()
	if err != nil {
		return token.Granted{}, err
	}
	if err := o.Book.RoomForGrant(o.Channel, time.Now()); err != nil {
		return token.Granted{}, fmt.Errorf("%w; nothing was paid", err)
	}
	arguments := token.GrantArguments{Label: label}
	for _, c := range caveats {
		arguments.Caveats = append(arguments.Caveats, c.String())
	}
	signed, signature, err := o.order(ctx, "grant", order.GrantSubject(caveats, label))
	if err != nil {
		return token.Granted{}, err
	}
	arguments.Deadline, arguments.Signature = signed.Deadline, signature
	granted, receipt, err := o.buy(ctx, arguments, scope.Budget)
	if err != nil {
		return token.Granted{}, err
	}
	if err := o.check(granted, receipt, scope.Budget, arguments.Caveats); err != nil {
		return token.Granted{}, fmt.Errorf("%w; %s were paid", err, receipt.Charged)
	}
	return o.take(granted, book.Grant{Channel: o.Channel, ID: granted.Grant.ID, Order: signed.Digest(), Expires: scope.Expires}, receipt.Charged)
}

// take returns what was granted, if that was not granted before.
func (o Owner) take(granted token.Granted, grant book.Grant, charged vouchers.Amount) (token.Granted, error) {
	err := o.Book.TakeGrant(grant, charged > 0)
	switch {
	case errors.Is(err, book.ErrGrantGiven):
		return token.Granted{}, fmt.Errorf("%w: %w; %s were paid, count as spent and have bought no budget: pay this server no more, "+
			"`chit receipts list` shows what it took, and the token that it gave before has what `chit credit inspect %s` says", ErrGrant, err, charged, grant.ID)
	case err != nil:
		return granted, fmt.Errorf("%w: grant %s is not remembered in it: %w", book.ErrUnwritten, grant.ID, err)
	}
	return granted, nil
}

// check holds what was granted against what was asked for.
func (o Owner) check(granted token.Granted, receipt agent.Receipt, budget vouchers.Amount, caveats []string) error {
	token, err := macaroon.Parse(granted.Token)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrGrant, err)
	}
	limits := []string{macaroon.Caveat{Kind: macaroon.KindChannel, Channel: o.Channel}.String()}
	limits = append(limits, caveats...)
	has := make([]string, 0, len(limits))
	for _, c := range token.Caveats() {
		has = append(has, c.String())
	}
	grant := granted.Grant
	switch {
	case !slices.Equal(has, limits):
		return fmt.Errorf("%w: the token says %q, want %q", ErrGrant, has, limits)
	case grant == nil || grant.ID != token.Grant() || grant.Channel != o.Channel || grant.Budget != budget:
		return fmt.Errorf("%w: the grant is not the token's, or has not the budget of %s", ErrGrant, budget)
	}
	return o.paid(receipt, budget)
}

// paid holds what was charged against what was granted. The answer to a request that was
// sent twice may say that the second one has cost nothing.
func (o Owner) paid(receipt agent.Receipt, amount vouchers.Amount) error {
	if receipt.Charged != 0 && receipt.Charged != amount || receipt.Channel != o.Channel {
		return fmt.Errorf("%w: %s were charged to channel %s, want %s of %s", ErrGrant, receipt.Charged, receipt.Channel, amount, o.Channel)
	}
	return nil
}

// TopUp pays for more budget of a grant, and no more than that.
func (o Owner) TopUp(ctx context.Context, id macaroon.GrantID, amount vouchers.Amount) (token.Granted, error) {
	signed, signature, err := o.order(ctx, "top-up", order.TopUpSubject(id, amount))
	if err != nil {
		return token.Granted{}, err
	}
	arguments := token.GrantArguments{Grant: &id, Amount: amount, Deadline: signed.Deadline, Signature: signature}
	granted, receipt, err := o.buy(ctx, arguments, amount)
	if err == nil {
		err = o.paid(receipt, amount)
	}
	if err == nil && (granted.Grant == nil || granted.Grant.ID != id || granted.Grant.Budget < amount) {
		err = fmt.Errorf("%w: the answer is not about grant %s; %s were paid", ErrGrant, id, receipt.Charged)
	}
	if err != nil {
		return token.Granted{}, err
	}
	return granted, nil
}

func (o Owner) buy(ctx context.Context, arguments token.GrantArguments, most vouchers.Amount) (token.Granted, agent.Receipt, error) {
	fields, err := object(arguments)
	if err != nil {
		return token.Granted{}, agent.Receipt{}, err
	}
	result, receipt, err := o.Client.CallToolFor(ctx, most, onmcp.CreditGrantTool, fields)
	if err != nil {
		return token.Granted{}, receipt, err
	}
	granted, err := decode[token.Granted](result)
	return granted, receipt, err
}

// List lists the grants of the channel.
func (o Owner) List(ctx context.Context) ([]credit.Grant, error) {
	list, err := ask[token.GrantList](ctx, o, token.Arguments{Action: "list"}, "")
	return list.Grants, err
}

// Revoke ends a grant and every token that was made of it.
func (o Owner) Revoke(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	return ask[credit.Grant](ctx, o, token.Arguments{Action: "revoke", Grant: &id}, id.String())
}

func ask[T any](ctx context.Context, o Owner, a token.Arguments, subject string) (T, error) {
	var none T
	signed, signature, err := o.order(ctx, a.Action, subject)
	if err != nil {
		return none, err
	}
	a.Channel, a.Deadline, a.Signature = o.Channel, signed.Deadline, signature
	var req mcp.CallToolRequest
	req.Params.Name, req.Params.Arguments = onmcp.CreditTool, a
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
