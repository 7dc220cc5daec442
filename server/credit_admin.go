package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
)

// handleCredit adds what an operator may do with the grants of all payers.
func (s *Shop) handleCredit(mux *http.ServeMux) {
	mux.HandleFunc("GET /credit/grants", func(w http.ResponseWriter, _ *http.Request) {
		grants, err := s.Credit.All()
		if err != nil && len(grants) > 0 { // one that cannot be read hides no other
			s.logger.Error("some grants cannot be read", "error", err)
			err = nil
		}
		answerAdmin(w, grants, err)
	})
	mux.HandleFunc("POST /credit/grants/{id}/revoke", func(w http.ResponseWriter, r *http.Request) {
		id, err := credit.ParseGrantID(r.PathValue("id"))
		if err != nil {
			answerAdmin(w, nil, err)
			return
		}
		grant, err := s.Credit.Revoke(r.Context(), id, credit.ByOperator)
		answerAdmin(w, grant, err)
	})
	mux.HandleFunc("POST /credit/rotate", func(w http.ResponseWriter, r *http.Request) {
		number, err := s.Credit.Keys().Rotate(r.Context())
		answerAdmin(w, number, err)
	})
}

func answerAdmin(w http.ResponseWriter, answer any, err error) {
	switch {
	case errors.Is(err, credit.ErrNoGrant):
		writeJSON(w, http.StatusNotFound, adminError{err.Error()})
	case err != nil:
		writeJSON(w, http.StatusBadRequest, adminError{err.Error()})
	default:
		writeJSON(w, http.StatusOK, answer)
	}
}

// Grants lists the grants of all payers of the running server.
func (a *Admin) Grants(ctx context.Context) ([]credit.Grant, error) {
	return ask[[]credit.Grant](ctx, a, http.MethodGet, "/credit/grants")
}

// RevokeGrant ends a grant of the running server.
func (a *Admin) RevokeGrant(ctx context.Context, id credit.GrantID) (credit.Grant, error) {
	return ask[credit.Grant](ctx, a, http.MethodPost, "/credit/grants/"+id.String()+"/revoke")
}

// RotateCreditKey makes the root key under which the running server mints tokens from
// now on, and returns its number.
func (a *Admin) RotateCreditKey(ctx context.Context) (uint32, error) {
	return ask[uint32](ctx, a, http.MethodPost, "/credit/rotate")
}

// GrantStore is what [Admin] does with grants, on a store that no server has open. It
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
