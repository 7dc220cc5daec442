package ledger

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/vouchers"
)

// loadBatch is how many channels go from who reads them to who takes them in at once, and
// loaders how many take them in at most: that is a walk through memory for each.
const (
	loadBatch = 1024
	loaders   = 4
)

// loadChannels takes in what the store has. One reads, the others take in.
func (l *Ledger) loadChannels(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	full := make(chan []vouchers.Record, loaders)
	for range min(loaders, runtime.GOMAXPROCS(0)) {
		group.Go(func() error {
			for batch := range full {
				for i := range batch {
					if err := l.load(&batch[i]); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(full)
		return l.read(ctx, full)
	})
	return group.Wait()
}

// read sends copies of the store's records, which are only valid while it visits them.
func (l *Ledger) read(ctx context.Context, full chan<- []vouchers.Record) error {
	batch := make([]vouchers.Record, 0, loadBatch)
	send := func() error {
		select {
		case full <- batch:
			batch = make([]vouchers.Record, 0, loadBatch)
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	err := l.store.Load(ctx, func(r *vouchers.Record) error {
		batch = append(batch, *r)
		if n := r.Proof.Len(); n != vouchers.PlainLength && n != vouchers.CompactLength { // it shares the store's memory
			batch[len(batch)-1].Proof = vouchers.NewProof(r.Proof.Signature())
		}
		if len(batch) < loadBatch {
			return nil
		}
		return send()
	})
	if err != nil {
		return err
	}
	return send()
}

// load takes in one channel.
func (l *Ledger) load(r *vouchers.Record) error {
	t := l.intern(r.Terms)
	if _, added := l.index.add(&r.ID, func(ch *channel) {
		ch.restore(r, t)
		l.doubt(ch)
	}); !added {
		return fmt.Errorf("channel %s is stored twice", r.ID)
	}
	return nil
}
