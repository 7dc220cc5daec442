package operate

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
)

// granter is where the grants of all payers are looked after. It needs neither a key nor the
// chain.
type granter interface {
	Grants(ctx context.Context) ([]credit.Grant, error)
	RevokeGrant(ctx context.Context, id macaroon.GrantID) (credit.Grant, error)
	RotateCreditKey(ctx context.Context) (uint32, error)
}

var (
	_ granter = (*Client)(nil)
	_ granter = (*grantStore)(nil)
)

// grant does something with the grants at the running server, or on the store.
func (p Place) grant(ctx context.Context, do func(granter) error) error {
	return p.at(func(client *Client) error { return do(client) }, func(path string) (err error) {
		store, err := openGrants(ctx, path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, store.close()) }()
		return do(store)
	})
}

// Grants lists the grants of all payers, the newest first; with all those that have ended,
// too.
func (p Place) Grants(ctx context.Context, all bool) (grants []credit.Grant, err error) {
	err = p.grant(ctx, func(g granter) (err error) { grants, err = g.Grants(ctx); return err })
	if !all {
		grants = slices.DeleteFunc(grants, func(g credit.Grant) bool { return g.Ended != 0 })
	}
	slices.SortFunc(grants, func(a, b credit.Grant) int {
		return cmp.Or(b.Created.Compare(a.Created), slices.Compare(a.ID[:], b.ID[:]))
	})
	return grants, err
}

// Grant is one of all grants. The error wraps [credit.ErrNoGrant] if there is none.
func (p Place) Grant(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	grants, err := p.Grants(ctx, true)
	if err != nil {
		return credit.Grant{}, err
	}
	return credit.Find(grants, id)
}

// RevokeGrant ends a grant, and every token that was made of it.
func (p Place) RevokeGrant(ctx context.Context, id macaroon.GrantID) (ended credit.Grant, err error) {
	err = p.grant(ctx, func(g granter) (err error) { ended, err = g.RevokeGrant(ctx, id); return err })
	return ended, err
}

// RotateCreditKey makes the root key under which tokens are minted from now on, and
// returns its number.
func (p Place) RotateCreditKey(ctx context.Context) (number uint32, err error) {
	err = p.grant(ctx, func(g granter) (err error) { number, err = g.RotateCreditKey(ctx); return err })
	return number, err
}

// grantStore are the grants of a store that no server has open.
type grantStore struct {
	store  *diskstore.Store
	ledger *ledger.Ledger
	book   *credit.Book
}

// openGrants opens the grants of a store, which must exist. The caller closes them.
func openGrants(ctx context.Context, path string) (*grantStore, error) {
	store, err := books.OpenStore(path, diskstore.MustExist())
	if err != nil {
		return nil, err
	}
	ledger, err := ledger.Open(ctx, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	book, err := credit.OpenBook(ctx, ledger, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &grantStore{store, ledger, book}, nil
}

// close closes the store.
func (g *grantStore) close() error { return errors.Join(g.ledger.Close(), g.store.Close()) }

// Grants lists the grants of all payers.
func (g *grantStore) Grants(context.Context) ([]credit.Grant, error) { return g.book.All() }

// RevokeGrant ends a grant. The error wraps [credit.ErrNoGrant] if there is none.
func (g *grantStore) RevokeGrant(ctx context.Context, id macaroon.GrantID) (credit.Grant, error) {
	grant, err := g.book.Revoke(ctx, id, credit.ByOperator)
	if err != nil {
		return credit.Grant{}, err
	}
	return *grant, nil
}

// RotateCreditKey makes the root key under which tokens are minted from now on, and
// returns its number.
func (g *grantStore) RotateCreditKey(ctx context.Context) (uint32, error) {
	return g.book.Keys().Rotate(ctx)
}

// grantsAPage is how many grants a running server lists at once.
const grantsAPage = 500

// grantPage is what a running server answers of its grants: some, in the order of their ids.
type grantPage struct {
	Grants []credit.Grant `json:"grants"`
	// Next is what to ask for those after, zero where there are none.
	Next macaroon.GrantID `json:"next,omitzero"`
}

// grants answers with the page of grants after the one that the query names.
func (on served) grants(w http.ResponseWriter, r *http.Request) {
	var after macaroon.GrantID
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = macaroon.ParseGrantID(text); err != nil {
			answer(w, nil, err)
			return
		}
	}
	grants, next, err := on.shop.Credit.PageOfAll(after, grantsAPage)
	none := macaroon.GrantID{}
	if alone := len(grants) == 0 && after == none && next == none; err != nil && !alone { // one that cannot be read hides no other
		on.logger.Error("some grants cannot be read", "error", err)
		err = nil
	}
	answer(w, grantPage{grants, next}, err)
}
