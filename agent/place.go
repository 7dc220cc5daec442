package agent

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/vouchers"
)

// SameShop says whether two servers, as the book knows them, are one shop: every path of
// an origin is.
func SameShop(a, b string) bool { return shopOf(a) == shopOf(b) }

// shopOf is the origin of a server's URL; a name that is none is a shop of its own.
func shopOf(server string) string {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || defaultPorts[u.Scheme] == "" {
		return server
	}
	u.Host = hostOf(u)
	return originOf(u)
}

// ChannelSalt is the salt of new channels to a server. It keeps shops apart that name the
// same seller: who names another shop's terms is paid from a channel that the other one
// does not know.
func ChannelSalt(server string) common.Hash {
	return crypto.Keccak256Hash([]byte("chit channel of the shop at " + shopOf(server)))
}

// place finds the channel of terms: the one that the book has for this shop, or a new one
// with the shop's salt. Where the book has one for this shop on other terms, these are
// refused until the owner agrees.
func (p *payer) place(ctx context.Context, t *terms) error {
	shop := shopOf(p.server)
	kept, err := p.keptLike(t)
	if err != nil {
		return err
	}
	var other *Entry
	for i, e := range kept {
		switch same := withSalt(e.Config, t.config.Salt) == t.config; {
		case same && shopOf(e.Server) == shop:
			t.at(e.Config.Salt)
			return nil
		case shopOf(e.Server) == shop && !e.Left:
			other = &kept[i]
		}
	}
	if other != nil {
		return fmt.Errorf("its terms lead to another channel than %s, which the book has for it: receiver %s, authorizer %s, delay %d s before, %s, %s, %d s now; `chit shop accept %s` agrees to that",
			other.Channel, other.Config.Receiver, other.Config.ReceiverAuthorizer, other.Config.WithdrawDelay,
			t.config.Receiver, t.config.ReceiverAuthorizer, t.config.WithdrawDelay, shop)
	}
	return p.newPlace(ctx, t, kept, shop)
}

// newPlace is for a shop that the book has no channel for. One that an older version has
// opened, without a salt, is used if it belongs to nobody else.
func (p *payer) newPlace(ctx context.Context, t *terms, kept []Entry, shop string) error {
	t.at(common.Hash{})
	taken := slices.IndexFunc(kept, func(e Entry) bool { return e.Channel == t.id })
	if taken >= 0 && kept[taken].Server != "" {
		t.at(ChannelSalt(shop))
		return nil
	}
	state, err := t.contract.State(ctx, t.config, 1)
	if err != nil {
		return err
	}
	if state.Balance == 0 {
		t.at(ChannelSalt(shop))
	}
	return nil
}

// at makes the terms those of the channel with a salt.
func (t *terms) at(salt common.Hash) {
	t.config.Salt = salt
	t.id = t.contract.Domain().ChannelID(t.config)
}

func withSalt(c vouchers.ChannelConfig, salt common.Hash) vouchers.ChannelConfig {
	c.Salt = salt
	return c
}

// keptLike are the channels that this payer's vouchers draw on, of the escrow and token of
// terms, as the book has them or as they are in use.
func (p *payer) keptLike(t *terms) ([]Entry, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	var all []Entry
	for _, ch := range p.channels {
		all = append(all, ch.entry(p.server))
	}
	if p.book != nil {
		kept, err := p.book.Channels()
		if err != nil {
			return nil, err
		}
		for _, e := range kept {
			if p.channels[e.Channel] == nil {
				all = append(all, e)
			}
		}
	}
	return slices.DeleteFunc(all, func(e Entry) bool {
		return e.Deployment != t.contract.Deployment() || e.Config.Payer != t.config.Payer || e.Config.PayerAuthorizer != t.config.PayerAuthorizer || e.Config.Token != t.config.Token
	}), nil
}

// Moved writes into the book that the shop at one URL is at another one now, by its
// owner's word: its channels pay there. It returns how many there are.
func (b *Book) Moved(from, to string) (int, error) {
	return b.change(from, func(e *Entry) { e.Server = to })
}

// Leave writes into the book that the owner agrees to other terms of a shop: its channels
// are used no more, unless it comes back to their terms. It returns how many there are.
func (b *Book) Leave(server string) (int, error) {
	return b.change(server, func(e *Entry) { e.Left = true })
}

func (b *Book) change(server string, f func(*Entry)) (n int, err error) {
	entries, err := b.Channels()
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if e.Server == "" || !SameShop(e.Server, server) {
			continue
		}
		f(&e)
		if err := b.Put(e); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// ChannelsTo are the entries of a shop, whichever of its paths they were opened for.
func (b *Book) ChannelsTo(server string) ([]Entry, error) {
	all, err := b.Channels()
	return slices.DeleteFunc(all, func(e Entry) bool { return !SameShop(e.Server, server) }), err
}
