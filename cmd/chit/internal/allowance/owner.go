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

// Holding is an [Owner] that is connected to a server, with the book that knows of its
// channel.
type Holding struct {
	Owner

	book   *book.Book
	server string
}

// Open connects to a server whose grants are ordered with the options' key. What a grant
// costs is what was asked for: where the policy has no highest price, there is none. The
// caller closes what is returned. The error wraps [ErrNoChannel] where no channel pays.
func Open(ctx context.Context, server string, o agent.Options) (*Holding, error) {
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
	h := &Holding{Owner{Client: client, Key: key}, nil, server}
	if h.book, err = book.Open(ctx, o.Book); err == nil {
		h.Channel, err = ChannelTo(h.book, server, key)
	}
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return h, nil
}

// Close ends the connection.
func (h *Holding) Close() error { return h.Client.Close() }

// Account lists the grants of the channel, and writes into the book what their tokens have
// left.
func (h *Holding) Account(ctx context.Context) ([]credit.Grant, error) {
	grants, err := h.List(ctx)
	if err != nil {
		return nil, err
	}
	return grants, h.settle(grants)
}

func (h *Holding) settle(grants []credit.Grant) error {
	var live vouchers.Amount
	for _, g := range grants {
		if g.Ended == 0 {
			live = live.Plus(g.Remaining())
		}
	}
	return h.book.SettleTokens(h.server, live)
}

// Reclaim revokes a grant, and has the book know what came back of it. The grant is what was
// revoked also where there is an error after that.
func (h *Holding) Reclaim(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	grant, err := h.Revoke(ctx, id)
	if err != nil {
		return credit.Grant{}, err
	}
	// The book has the whole grant as spent: the server says what came back of it.
	if _, err := h.Client.Recover(ctx); err != nil {
		return grant, fmt.Errorf("the book still has the grant as spent, `chit recover` mends that: %w", err)
	}
	grants, err := h.List(ctx)
	if err == nil {
		_, err = h.Client.Spent() // what came back is written first
	}
	if err == nil {
		err = h.settle(grants)
	}
	if err != nil {
		return grant, fmt.Errorf("the book still has as with tokens what they have spent, `chit credit list` mends that: %w", err)
	}
	return grant, nil
}
