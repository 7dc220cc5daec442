package operate

import (
	"context"
	"errors"
	"net/http"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/exact"
	"github.com/chitpay/chit/vouchers/diskstore"
)

// Debts lists what payers owe who were trusted with transfers that have failed, the highest first.
func (p Place) Debts(ctx context.Context) (all []exact.Debt, err error) {
	err = p.at(func(client *Client) error {
		all, err = client.Debts(ctx)
		return err
	}, func(path string) error {
		return onDebts(path, func(d *exact.Debts) error { all = d.All(); return nil })
	})
	return all, err
}

// Forgive lets a payer pay by transfers again, and returns what it owed. The error wraps
// [exact.ErrNoDebt] where that is nothing.
func (p Place) Forgive(ctx context.Context, payer common.Address) (forgiven exact.Debt, err error) {
	err = p.at(func(client *Client) error {
		forgiven, err = client.Forgive(ctx, payer)
		return err
	}, func(path string) error {
		return onDebts(path, func(d *exact.Debts) error { forgiven, err = d.Forgive(ctx, payer); return err })
	})
	return forgiven, err
}

// onDebts does something with the debts of a store that no server has open.
func onDebts(path string, do func(*exact.Debts) error) (err error) {
	store, err := books.OpenStore(path, diskstore.MustExist())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	debts, err := exact.OpenDebts(store)
	if err != nil {
		return err
	}
	return do(debts)
}

// Debts is [server.Shop.Debts] of the running server.
func (c *Client) Debts(ctx context.Context) ([]exact.Debt, error) {
	return ask[[]exact.Debt](ctx, c, http.MethodGet, "/debts")
}

// Forgive is [server.Shop.Forgive] of the running server.
func (c *Client) Forgive(ctx context.Context, payer common.Address) (exact.Debt, error) {
	return ask[exact.Debt](ctx, c, http.MethodPost, "/debts/"+payer.Hex()+"/forgive")
}

func (on served) forgive(w http.ResponseWriter, r *http.Request) {
	text := r.PathValue("payer")
	if !common.IsHexAddress(text) {
		writeJSON(w, http.StatusBadRequest, failure{"the payer in the path is no address"})
		return
	}
	forgiven, err := on.shop.Forgive(r.Context(), common.HexToAddress(text))
	answer(w, forgiven, err)
}
