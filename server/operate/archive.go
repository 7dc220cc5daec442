package operate

import (
	"context"
	"io"
	"time"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/vouchers/archive"
	"github.com/chitpay/chit/vouchers/history"
)

// settled is how long after its end a day is archived: what was sold at its last moment is
// durable by then, unless the disk was full or the key out of reach for longer.
const settled = time.Hour

// Archive writes the receipts of each day that is over, in UTC, to a Parquet file of a folder,
// which is made if it is not there: receipts-2026-11-28.parquet. A file is there whole or not
// at all; a day whose file is there is passed over, and one without receipts has none. Report
// is told of each file, in the order of the days.
func (p Place) Archive(ctx context.Context, dir string, now time.Time, report func(archive.Archived) error) error {
	folder, err := archive.OpenFolder(dir)
	if err != nil {
		return err
	}
	return p.past(ctx, func(from past) error {
		span, err := from.HistorySpan(ctx)
		if err != nil || span.First.IsZero() {
			return err
		}
		for day := archive.Day(span.First); !day.After(span.Last) && !now.Before(day.AddDate(0, 0, 1).Add(settled)); day = day.AddDate(0, 0, 1) {
			done, err := folder.Add(day, func(w io.Writer) error { return from.WriteDay(ctx, day, w) })
			if err == nil && done.Receipts > 0 {
				err = report(done)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// past is who knows what was sold: a running server, or a store that none has open.
type past interface {
	HistorySpan(ctx context.Context) (books.Span, error)
	WriteDay(ctx context.Context, day time.Time, w io.Writer) error
	Prune(ctx context.Context, req Prune) (history.Pruned, error)
}

var _ past = (*Client)(nil)

func (p Place) past(ctx context.Context, use func(past) error) error {
	return p.at(func(client *Client) error { return use(client) }, func(path string) error {
		return books.ReadPast(ctx, path, func(stored *books.Past) error { return use(storedPast{stored, p.Keep}) })
	})
}

// storedPast is the past of a store that no server has open.
type storedPast struct {
	*books.Past
	keep history.Keep
}

func (s storedPast) HistorySpan(context.Context) (books.Span, error) { return s.Span(), nil }

func (s storedPast) Prune(ctx context.Context, req Prune) (history.Pruned, error) {
	if req.Keep != nil {
		s.keep = *req.Keep
	}
	return s.Past.Prune(ctx, s.keep, req.DryRun)
}

// Prune lets go of the history that is not to be kept, by default by the config of the running
// server, or by Keep where none runs.
func (p Place) Prune(ctx context.Context, req Prune) (done history.Pruned, err error) {
	err = p.past(ctx, func(from past) (err error) {
		done, err = from.Prune(ctx, req)
		return err
	})
	return done, err
}
