package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server"
	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// ErrNoStore says that there is nothing to look at: looking at a store makes none.
var ErrNoStore = errors.New("there is no store")

// Place is where an operator finds a shop: at its running server, or on its store where
// none runs. Errors of what it does wrap [ErrNoStore] where there is neither.
type Place struct {
	// Socket is the admin socket of the server; where it is empty none is asked.
	Socket string
	// Store is the path of the shop's store: its folder, a copy of it or a backup.
	Store string
	// Keep is how much of its history the shop keeps by its config, where no server runs.
	Keep history.Keep
	// Open opens the shop on its store, for what takes its key and the chain.
	Open func(ctx context.Context) (*server.Shop, error)
}

// running is the server. The error wraps [ErrNoServer] where none runs.
func (p Place) running() (*Client, error) {
	if p.Socket == "" {
		return nil, ErrNoServer
	}
	return Dial(p.Socket)
}

// store is the path of the store, which is there.
func (p Place) store() (string, error) {
	if _, err := os.Stat(p.Store); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w at %s", ErrNoStore, p.Store)
	}
	return p.Store, nil
}

// at asks the running server, or takes the store where none runs.
func (p Place) at(live func(*Client) error, stored func(path string) error) error {
	client, err := p.running()
	if err == nil {
		return live(client)
	}
	if !errors.Is(err, ErrNoServer) {
		return err
	}
	path, err := p.store()
	if err != nil {
		return err
	}
	return stored(path)
}

// keeper is who changes a shop that takes its key and the chain to change.
type keeper interface {
	SettleAs(ctx context.Context, req settle.Request, report func(settle.Event)) (settle.Settlement, error)
	Reconcile(ctx context.Context) (watch.Reconciliation, error)
	SpeedUp(ctx context.Context, chainID, nonce uint64) error
	Cancel(ctx context.Context, chainID, nonce uint64) error
	Resume(ctx context.Context, ids ...vouchers.ChannelID) ([]ledger.Stop, error)
}

var (
	_ keeper = (*Client)(nil)
	_ keeper = (*server.Shop)(nil)
)

// keep changes the shop by its running server, or opens it where none runs; then fresh
// says that nobody has followed the chain for it.
func (p Place) keep(ctx context.Context, change func(k keeper, fresh bool) error) error {
	return p.at(func(client *Client) error { return change(client, false) }, func(string) (err error) {
		shop, err := p.Open(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, shop.Close()) }()
		return change(shop, true)
	})
}

// list asks the running server, or reads the store where none runs.
func list[T any](ctx context.Context, p Place, live func(*Client, context.Context) (T, error), stored func(context.Context, string) (T, error)) (all T, err error) {
	err = p.at(
		func(client *Client) (err error) { all, err = live(client, ctx); return err },
		func(path string) (err error) { all, err = stored(ctx, path); return err },
	)
	return all, err
}

// Channels are those that pay the shop, the most claimable first.
func (p Place) Channels(ctx context.Context) ([]books.View, error) {
	return list(ctx, p, (*Client).Channels, books.ReadChannels)
}

// Withdrawals are those that payers have announced, the earliest deadline first.
func (p Place) Withdrawals(ctx context.Context) ([]books.Withdrawal, error) {
	return list(ctx, p, (*Client).Withdrawals, books.ReadWithdrawals)
}

// Transactions are those that the shop has sent and the chain has not confirmed.
func (p Place) Transactions(ctx context.Context) ([]txmgr.Pending, error) {
	return list(ctx, p, (*Client).Transactions, books.ReadTransactions)
}

// ErrUnpaid says that the token did not pay the receiver.
var ErrUnpaid = errors.New("claimed and not transferred; the next settlement tries again")

// Settle is [server.Shop.SettleAs]. Where no server runs the shop is compared with the
// chain first. The settlement is what was done also where there is an error, which wraps
// [ErrUnpaid] where its transfer was refused.
func (p Place) Settle(ctx context.Context, req settle.Request, report func(settle.Event)) (done settle.Settlement, err error) {
	err = p.keep(ctx, func(k keeper, fresh bool) (err error) {
		if fresh {
			if _, err := k.Reconcile(ctx); err != nil {
				return err
			}
		}
		done, err = k.SettleAs(ctx, req, report)
		return err
	})
	if err == nil && done.Unpayable != "" && !req.DryRun {
		err = fmt.Errorf("%w: %s", ErrUnpaid, done.Unpayable)
	}
	return done, err
}

// Reconcile is [server.Shop.Reconcile].
func (p Place) Reconcile(ctx context.Context) (found watch.Reconciliation, err error) {
	err = p.keep(ctx, func(k keeper, _ bool) (err error) { found, err = k.Reconcile(ctx); return err })
	return found, err
}

// Resume is [server.Shop.Resume].
func (p Place) Resume(ctx context.Context, ids ...vouchers.ChannelID) (resumed []ledger.Stop, err error) {
	err = p.keep(ctx, func(k keeper, _ bool) (err error) { resumed, err = k.Resume(ctx, ids...); return err })
	return resumed, err
}

// SpeedUp is [server.Shop.SpeedUp].
func (p Place) SpeedUp(ctx context.Context, chainID, nonce uint64) error {
	return p.keep(ctx, func(k keeper, _ bool) error { return k.SpeedUp(ctx, chainID, nonce) })
}

// Cancel is [server.Shop.Cancel].
func (p Place) Cancel(ctx context.Context, chainID, nonce uint64) error {
	return p.keep(ctx, func(k keeper, _ bool) error { return k.Cancel(ctx, chainID, nonce) })
}

// WriteStatement is [server.Shop.WriteStatement].
func (p Place) WriteStatement(ctx context.Context, want receipts.Filter, w io.Writer) error {
	return p.at(
		func(client *Client) error { return client.WriteStatement(ctx, want, w) },
		func(path string) error { return books.ReadStatement(ctx, path, want, w) },
	)
}
