package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/chitpay/chit/credit"
)

// handleCredit adds what an operator may do with the grants of all payers.
func (s *Shop) handleCredit(mux *http.ServeMux) {
	mux.HandleFunc("GET /credit/grants", func(w http.ResponseWriter, _ *http.Request) {
		grants, err := s.Credit.List(func(*credit.Grant) bool { return true })
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
