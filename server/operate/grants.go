package operate

import (
	"context"
	"errors"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
)

// GrantStore is what [Client] does with grants, on a store that no server has open. It
// needs neither a key nor the chain.
type GrantStore struct {
	store  *boltstore.Store
	ledger *vouchers.Ledger
	book   *credit.Book
}

// OpenGrants opens the grants of a store, which must exist. The caller closes them.
func OpenGrants(ctx context.Context, path string) (*GrantStore, error) {
	store, err := boltstore.Open(path, boltstore.MustExist())
	if err != nil {
		return nil, err
	}
	ledger, err := vouchers.OpenLedger(ctx, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	book, err := credit.OpenBook(ctx, ledger, store)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &GrantStore{store, ledger, book}, nil
}

// Close closes the store.
func (g *GrantStore) Close() error { return errors.Join(g.ledger.Close(), g.store.Close()) }

// Grants lists the grants of all payers.
func (g *GrantStore) Grants(context.Context) ([]credit.Grant, error) { return g.book.All() }

// RevokeGrant ends a grant. The error wraps [credit.ErrNoGrant] if there is none.
func (g *GrantStore) RevokeGrant(ctx context.Context, id credit.GrantID) (credit.Grant, error) {
	grant, err := g.book.Revoke(ctx, id, credit.ByOperator)
	if err != nil {
		return credit.Grant{}, err
	}
	return *grant, nil
}

// RotateCreditKey makes the root key under which tokens are minted from now on, and
// returns its number.
func (g *GrantStore) RotateCreditKey(ctx context.Context) (uint32, error) {
	return g.book.Keys().Rotate(ctx)
}
