package terms

import (
	"context"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/extension"
)

// Salt is the salt of new channels to a server. It keeps shops apart that name the
// same seller: who names another shop's terms is paid from a channel that the other one
// does not know.
func Salt(server string) common.Hash {
	return crypto.Keccak256Hash([]byte("chit channel of the shop at " + naming.Shop(server)))
}

// place finds the channel of terms: the one that the book has for this shop, the one that it
// has for the place that the shop proves to have moved from, or a new one with the shop's
// salt. Where the book has one for this shop on other terms, these are refused until the
// owner agrees.
func (c *Chooser) place(ctx context.Context, t *Terms, moves []extension.Move) error {
	shop := naming.Shop(c.Server)
	kept, err := c.keptLike(t)
	if err != nil {
		return err
	}
	var mine, other *book.Entry
	for i, e := range kept {
		switch same := withSalt(e.Config, t.Config.Salt) == t.Config; {
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
			t.Config.Receiver, t.Config.ReceiverAuthorizer, t.Config.WithdrawDelay, shop)
	}
	if e := c.movedHere(t, moves, kept); e != nil {
		t.at(e.Config.Salt)
		_, err := c.Book.Revise(e.Channel, func(e *book.Entry) { e.Server = c.Server })
		return err
	}
	return c.newPlace(ctx, t, kept, shop)
}

// movedHere is the channel, of those that the book has, that was opened for the place from
// which the shop proves to have moved; nil if there is none.
func (c *Chooser) movedHere(t *Terms, moves []extension.Move, kept []book.Entry) *book.Entry {
	shop := naming.Shop(c.Server)
	for _, m := range moves {
		from := func(e book.Entry) bool {
			return withSalt(e.Config, t.Config.Salt) == t.Config && e.Server != "" && naming.Shop(e.Server) == m.From && !e.Left
		}
		at := slices.IndexFunc(kept, from)
		if c.Book == nil || at < 0 || m.To != shop || m.Check(t.Contract.Deployment(), t.Config, c.Now()) != nil {
			continue
		}
		return &kept[at]
	}
	return nil
}

// newPlace is for a shop that the book has no channel for. One without a salt, which an older
// version or another client has opened, is anybody's who names the terms: it is used when
// the owner recovers it as this shop's.
func (c *Chooser) newPlace(ctx context.Context, t *Terms, kept []book.Entry, shop string) error {
	t.at(Salt(shop))
	if taken := slices.IndexFunc(kept, func(e book.Entry) bool { return e.Channel == t.ID && e.Server != "" && naming.Shop(e.Server) != shop }); taken >= 0 {
		return fmt.Errorf("the channel that was opened for %s pays %s now, to which the shop has moved: pay there, or say `chit shop moved %s %s`",
			shop, naming.Shop(kept[taken].Server), naming.Shop(kept[taken].Server), shop)
	}
	if !recovers(ctx) {
		return nil
	}
	own := t.Config.Salt
	for _, salt := range []common.Hash{own, {}} {
		t.at(salt)
		if slices.ContainsFunc(kept, func(e book.Entry) bool { return e.Channel == t.ID && e.Server != "" && naming.Shop(e.Server) != shop }) {
			continue
		}
		state, err := t.Contract.State(ctx, t.Config, 1)
		if err != nil || state.Balance > 0 || state.Claimed > 0 {
			return err
		}
	}
	t.at(own)
	return nil
}

type recoveringKey struct{}

// Recovering is the context of a recovery, by which the owner says that what is found is the
// shop's.
func Recovering(ctx context.Context) context.Context {
	return context.WithValue(ctx, recoveringKey{}, true)
}

func recovers(ctx context.Context) bool { return ctx.Value(recoveringKey{}) != nil }

// at makes the terms those of the channel with a salt.
func (t *Terms) at(salt common.Hash) {
	t.Config.Salt = salt
	t.ID = t.Contract.Domain().ChannelID(t.Config)
}

func withSalt(c vouchers.ChannelConfig, salt common.Hash) vouchers.ChannelConfig {
	c.Salt = salt
	return c
}

// keptLike are the channels that this payer's vouchers draw on, of the escrow and token of
// terms, as the book has them or as they are in use.
func (c *Chooser) keptLike(t *Terms) ([]book.Entry, error) {
	all, err := c.All()
	return slices.DeleteFunc(all, func(e book.Entry) bool { return !t.Like(e) }), err
}

// Like says whether a channel is of the escrow, the token and the payer of terms.
func (t *Terms) Like(e book.Entry) bool {
	return e.Deployment == t.Contract.Deployment() && e.Config.Payer == t.Config.Payer && e.Config.PayerAuthorizer == t.Config.PayerAuthorizer && e.Config.Token == t.Config.Token
}
