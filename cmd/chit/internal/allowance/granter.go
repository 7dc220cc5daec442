package allowance

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Granter is an [Owner] that is connected to a server.
type Granter struct {
	Owner

	server string
}

// Open connects to a server whose grants are ordered with the options' key. What a grant
// costs is what was asked for: where the policy has no highest price, there is none. The
// caller closes what is returned. The error wraps [ErrNoChannel] where no channel pays.
func Open(ctx context.Context, server string, o agent.Options) (*Granter, error) {
	key := o.Key
	if o.Session != nil {
		key = o.Session
	}
	if o.Policy.MaxPrice == 0 {
		o.Policy.MaxPrice = agent.Unlimited
	}
	o.Agree = func(context.Context, agent.Finding) (bool, error) { return false, nil }
	client, err := agent.Dial(ctx, server, o)
	if err != nil {
		return nil, err
	}
	g := &Granter{Owner{Client: client, Key: key}, server}
	if g.Book, err = book.Open(ctx, o.Book); err == nil {
		g.Channel, err = ChannelTo(g.Book, server, key)
	}
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return g, nil
}

// Close ends the connection.
func (g *Granter) Close() error { return g.Client.Close() }

// Account lists the grants of the channel, and writes into the book what their tokens have
// left.
func (g *Granter) Account(ctx context.Context) ([]credit.Grant, error) {
	grants, err := g.List(ctx)
	if err != nil {
		return nil, err
	}
	return grants, g.settle(grants)
}

func (g *Granter) settle(grants []credit.Grant) error {
	var live vouchers.Amount
	for _, grant := range grants {
		if grant.Ended == 0 {
			live = live.Plus(grant.Remaining())
		}
	}
	return g.Book.SettleTokens(g.server, live)
}

// Reclaim revokes a grant, and has the book know what came back of it. The grant is what was
// revoked also where there is an error after that.
func (g *Granter) Reclaim(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	grant, err := g.Revoke(ctx, id)
	if err != nil {
		return credit.Grant{}, err
	}
	// The book has the whole grant as spent: the server says what came back of it.
	if _, err := g.Client.Recover(ctx); err != nil {
		return grant, fmt.Errorf("the book still has the grant as spent, `chit recover` mends that: %w", err)
	}
	grants, err := g.List(ctx)
	if err == nil {
		_, err = g.Client.Spent() // what came back is written first
	}
	if err == nil {
		err = g.settle(grants)
	}
	if err != nil {
		return grant, fmt.Errorf("the book still has as with tokens what they have spent, `chit credit list` mends that: %w", err)
	}
	return grant, nil
}
