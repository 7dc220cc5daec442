package server

import (
	"context"
	"io"
	"time"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/history"
)

// pruneEvery is how often a running shop lets go of the history that is not to be kept.
const pruneEvery = time.Hour

// HistorySpan is the time of the first and of the last receipt that is kept.
func (s *Shop) HistorySpan() books.Span { return books.SpanOf(s.Store) }

// WriteDay is [books.WriteDay] of the shop.
func (s *Shop) WriteDay(ctx context.Context, day time.Time, w io.Writer) error {
	return books.WriteDay(ctx, s.Store, s.Ledger, day, w)
}

// Prune is [books.Prune] of the shop, by what its options keep where keep is nil. Calls go on
// meanwhile.
func (s *Shop) Prune(ctx context.Context, keep *history.Keep, dryRun bool) (history.Pruned, error) {
	if keep == nil {
		keep = &s.keep
	}
	return books.Prune(ctx, s.Store, *keep, dryRun)
}

// pruneHistory prunes by what the options keep, until the context ends.
func (s *Shop) pruneHistory(ctx context.Context) {
	if s.keep == (history.Keep{}) {
		return
	}
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		done, err := s.Prune(ctx, nil, false)
		if err != nil && ctx.Err() == nil {
			s.logger.Error("receipts that are not to be kept any more are still there", "error", err)
		}
		if done.Entries > 0 {
			s.logger.Info("receipts that are old and claimed were dropped", "receipts", done.Entries, "bytes", done.Bytes, "held since they are not claimed", done.Held)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
