package pay

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/extension"
)

// ChannelSalt is the salt of new channels to a server. It keeps shops apart that name the
// same seller: who names another shop's terms is paid from a channel that the other one
// does not know.
func ChannelSalt(server string) common.Hash {
	return crypto.Keccak256Hash([]byte("chit channel of the shop at " + naming.Shop(server)))
}

// place finds the channel of terms: the one that the book has for this shop, the one that it
// has for the place that the shop proves to have moved from, or a new one with the shop's
// salt. Where the book has one for this shop on other terms, these are refused until the
// owner agrees.
func (p *Payer) place(ctx context.Context, t *terms, moves []extension.Move) error {
	shop := naming.Shop(p.Server)
	kept, err := p.keptLike(t)
	if err != nil {
		return err
	}
	var mine, other *book.Entry
	for i, e := range kept {
		switch same := withSalt(e.Config, t.config.Salt) == t.config; {
		case naming.Shop(e.Server) != shop:
		case same && (mine == nil || e.Before(*mine)):
			mine = &kept[i]
		case !same && !e.Left:
			other = &kept[i]
		}
	}
	if mine != nil && (mine.IsUsed() || !recovers(ctx)) {
		t.at(mine.Config.Salt)
		return nil
	}
	if other != nil {
		return fmt.Errorf("its terms lead to another channel than %s, which the book has for it: receiver %s, authorizer %s, delay %d s before, %s, %s, %d s now; `chit shop accept %s` agrees to that",
			other.Channel, other.Config.Receiver, other.Config.ReceiverAuthorizer, other.Config.WithdrawDelay,
			t.config.Receiver, t.config.ReceiverAuthorizer, t.config.WithdrawDelay, shop)
	}
	if e := p.movedHere(t, moves, kept); e != nil {
		t.at(e.Config.Salt)
		_, err := p.book.Revise(e.Channel, func(e *book.Entry) { e.Server = p.Server })
		return err
	}
	return p.newPlace(ctx, t, kept, shop)
}

// movedHere is the channel, of those that the book has, that was opened for the place from
// which the shop proves to have moved; nil if there is none.
func (p *Payer) movedHere(t *terms, moves []extension.Move, kept []book.Entry) *book.Entry {
	shop := naming.Shop(p.Server)
	for _, m := range moves {
		from := func(e book.Entry) bool {
			return withSalt(e.Config, t.config.Salt) == t.config && e.Server != "" && naming.Shop(e.Server) == m.From && !e.Left
		}
		at := slices.IndexFunc(kept, from)
		if p.book == nil || at < 0 || m.To != shop || m.Check(t.contract.Deployment(), t.config, p.now()) != nil {
			continue
		}
		return &kept[at]
	}
	return nil
}

// newPlace is for a shop that the book has no channel for. One without a salt, which an older
// version or another client has opened, is anybody's who names the terms: it is used when
// the owner recovers it as this shop's.
func (p *Payer) newPlace(ctx context.Context, t *terms, kept []book.Entry, shop string) error {
	t.at(ChannelSalt(shop))
	if taken := slices.IndexFunc(kept, func(e book.Entry) bool { return e.Channel == t.id && e.Server != "" && naming.Shop(e.Server) != shop }); taken >= 0 {
		return fmt.Errorf("the channel that was opened for %s pays %s now, to which the shop has moved: pay there, or say `chit shop moved %s %s`",
			shop, naming.Shop(kept[taken].Server), naming.Shop(kept[taken].Server), shop)
	}
	if !recovers(ctx) {
		return nil
	}
	own := t.config.Salt
	for _, salt := range []common.Hash{own, {}} {
		t.at(salt)
		if slices.ContainsFunc(kept, func(e book.Entry) bool { return e.Channel == t.id && e.Server != "" && naming.Shop(e.Server) != shop }) {
			continue
		}
		state, err := t.contract.State(ctx, t.config, 1)
		if err != nil || state.Balance > 0 || state.Claimed > 0 {
			return err
		}
	}
	t.at(own)
	return nil
}

type recoveringKey struct{}

// recovering is the context of a recovery, by which the owner says that what is found is the
// shop's.
func recovering(ctx context.Context) context.Context {
	return context.WithValue(ctx, recoveringKey{}, true)
}

func recovers(ctx context.Context) bool { return ctx.Value(recoveringKey{}) != nil }

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
func (p *Payer) keptLike(t *terms) ([]book.Entry, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	var all []book.Entry
	for _, ch := range p.channels {
		all = append(all, ch.entry(p.Server))
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
	return slices.DeleteFunc(all, func(e book.Entry) bool { return !t.like(e) }), nil
}

// like says whether a channel is of the escrow, the token and the payer of terms.
func (t *terms) like(e book.Entry) bool {
	return e.Deployment == t.contract.Deployment() && e.Config.Payer == t.config.Payer && e.Config.PayerAuthorizer == t.config.PayerAuthorizer && e.Config.Token == t.config.Token
}

// occupy writes a channel into the book when it is first used, unless another one was
// opened for the shop since its terms were learnt, by this process or another. The caller
// holds learning.
func (p *Payer) occupy(ch *channel) error {
	entry, shop := ch.entry(p.Server), naming.Shop(p.Server)
	rivals := func(e book.Entry) error {
		if e.Channel == ch.id || e.Left || naming.Shop(e.Server) != shop || !ch.like(e) {
			return nil
		}
		return fmt.Errorf("%w: channel %s was opened for %s meanwhile; call again", policy.ErrTerms, e.Channel, shop)
	}
	for _, other := range p.channels {
		if err := rivals(other.entry(p.Server)); err != nil {
			return err
		}
	}
	if p.book == nil {
		return nil
	}
	entry.Server = p.nameOf(ch)
	return p.book.Add(entry, rivals)
}
