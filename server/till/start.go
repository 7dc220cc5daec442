package till

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/chitpay/chit/chain/keys"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/escrow/clearing"
	"github.com/chitpay/chit/escrow/watch"
	"github.com/chitpay/chit/server/settle"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// StartOptions are what tills work with once the store is open.
type StartOptions struct {
	// Key sends transactions.
	Key keys.Signer
	// Store keeps what was sent and seen, Ledger what is claimed, and Asides the claims that have failed.
	Store  vouchers.Store
	Ledger *ledger.Ledger
	Asides *settle.Asides
	// Policy says when a till settles by itself.
	Policy settle.Policy
	// StuckAfter is after how long a transaction is sent again; 0 is the sender's own.
	StuckAfter time.Duration
	Logger     *slog.Logger
}

// Start gives each account its sender, and each till its settler and its watcher.
func (ts *Tills) Start(ctx context.Context, o StartOptions) error {
	for _, on := range ts.Accounts {
		if err := on.start(ctx, o); err != nil {
			return err
		}
	}
	for _, t := range ts.All {
		logger := o.Logger
		if len(ts.All) > 1 {
			logger = logger.With("deployment", t.Deployment)
		}
		if err := t.start(ctx, o, logger); err != nil {
			return err
		}
		t.LearnGasPrice(ctx)
	}
	return nil
}

func (on *Account) start(ctx context.Context, o StartOptions) error {
	bucket, err := placed(ctx, o.Store, journalBucket, on.Client.Network())
	if err != nil {
		return err
	}
	sending := []txmgr.Option{txmgr.WithJournal(clearing.Journal{Bucket: bucket}), txmgr.WithConfirmations(on.Confirmations), txmgr.WithOwner("the seller's")}
	if o.StuckAfter > 0 {
		sending = append(sending, txmgr.WithStuckAfter(o.StuckAfter))
	}
	on.Sender, err = txmgr.NewSender(ctx, on.Client, o.Key, sending...)
	return err
}

func (t *Till) start(ctx context.Context, o StartOptions, logger *slog.Logger) error {
	bucket, err := placed(ctx, o.Store, watchBucket, t.Deployment.String())
	if err != nil {
		return err
	}
	policy := o.Policy
	policy.CoinPrice = t.coinPrice
	defend := func(ch ledger.Channel) { t.Settler.Defend(ch) }
	t.Watcher = watch.New(t.Escrow, o.Ledger, bucket,
		watch.WithDepth(t.Confirmations), watch.OnWithdrawal(defend), watch.WithLogger(logger))
	t.Settler = settle.New(settle.Options{
		Ledger: o.Ledger, Escrow: t.Escrow, Sender: t.Sender, Logger: logger, Policy: policy,
		Confirmations: t.Confirmations, Asides: o.Asides, Learned: t.Watcher.Learned,
	})
	return t.Watcher.Resume()
}

// Stop ends what the accounts send.
func (ts *Tills) Stop() error {
	var all []error
	for _, on := range ts.Accounts {
		if on.Sender != nil {
			all = append(all, on.Sender.Close())
		}
	}
	return errors.Join(all...)
}

// Close ends the connections to the chains, after the store is closed.
func (ts *Tills) Close() {
	for _, on := range ts.Accounts {
		on.Client.Close()
	}
}
