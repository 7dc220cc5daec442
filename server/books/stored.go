package books

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// ReadChannels is [Channels] of a store that no server has open.
func ReadChannels(ctx context.Context, path string) ([]View, error) {
	return readList(ctx, path, Channels)
}

// ReadWithdrawals is [Withdrawals] of a store that no server has open.
func ReadWithdrawals(ctx context.Context, path string) ([]Withdrawal, error) {
	return readList(ctx, path, Withdrawals)
}

func readList[T any](ctx context.Context, path string, list func(*ledger.Ledger, *settle.Asides) []T) (all []T, err error) {
	err = read(ctx, path, func(store *diskstore.Store, of *ledger.Ledger) error {
		aside, err := settle.LoadAsides(store, slog.Default())
		if err == nil {
			all = list(of, aside)
		}
		return err
	})
	return all, err
}

// ReadTransactions lists what the shop of a store that no server has open had sent and the
// chain had not confirmed, by chain and nonce.
func ReadTransactions(_ context.Context, path string) (pending []txmgr.Pending, err error) {
	store, err := OpenStore(path, diskstore.MustExist())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return till.ReadPending(store)
}

// ReadStatement is [WriteStatement] of a store that no server has open.
func ReadStatement(ctx context.Context, path string, want receipts.Filter, w io.Writer) error {
	return read(ctx, path, func(store *diskstore.Store, of *ledger.Ledger) error {
		book, err := receipts.Open(store, nil)
		if err != nil {
			return err
		}
		all, err := Payers(of, store)
		if err != nil {
			return err
		}
		return WriteStatement(ctx, all, book, KeptIn(store), want, w)
	})
}

// read runs f with a store and its ledger.
func read(ctx context.Context, path string, f func(*diskstore.Store, *ledger.Ledger) error) (err error) {
	store, err := OpenStore(path, diskstore.MustExist())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	of, err := ledger.Open(ctx, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, of.Close()) }()
	return f(store, of)
}
