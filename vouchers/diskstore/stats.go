package diskstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
)

// Stats returns what the store holds at this moment. It reads all that is alive; nobody is held
// up.
func (s *Store) Stats(ctx context.Context) (stats inspect.Stats, err error) {
	now, err := s.contents()
	if err == nil {
		defer now.State.End()
		stats, err = now.Stats(ctx, s.path)
	}
	if err != nil {
		return stats, fmt.Errorf("stats of %s: %w", s.path, err)
	}
	return stats, nil
}

// Check reads every value of the store as it is now. Nobody is held up. Progress may be nil.
func (s *Store) Check(ctx context.Context, progress inspect.Progress) (report inspect.Report, err error) {
	now, err := s.contents()
	if err == nil {
		defer now.State.End()
		report, err = now.Check(ctx, s.path, progress)
	}
	if err != nil {
		return report, fmt.Errorf("check %s: %w", s.path, err)
	}
	return report, nil
}

// contents are those of now; its view has to be ended. The checkpoint is brought up to the
// journal first.
func (s *Store) contents() (*inspect.Contents, error) {
	if err := s.queue.err(); errors.Is(err, vouchers.ErrStoreClosed) {
		return nil, err
	}
	if err := s.keeper.work(s.checkpoint); err != nil {
		return nil, err
	}
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	at, err := s.state.View()
	if err != nil {
		return nil, err
	}
	now := &inspect.Contents{State: at, History: s.tables.List(), Answers: s.answers.List()}
	for _, segment := range s.journal.Segments() {
		now.Journal.Files++
		now.Journal.Bytes += segment.Size
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.unsealed {
		now.Journal.Add(uint64(l.count), time.Unix(int64(l.first), 0).UTC(), time.Unix(int64(l.last), 0).UTC())
	}
	return now, nil
}

// Size is how many bytes its files have now, as a backup has them.
func (s *Store) Size() (size int64, err error) {
	at, err := s.state.View()
	if err != nil {
		return 0, fmt.Errorf("size of %s: %w", s.path, err)
	}
	size = at.Size()
	at.End()
	for _, segment := range s.journal.Segments() {
		size += segment.Size
	}
	return size + inspect.PartOf(s.tables.List()).Bytes + inspect.PartOf(s.answers.List()).Bytes, nil
}

// Span is the time of the first and of the last receipt in the history, to the second; zero if
// there is none.
func (s *Store) Span() (first, last time.Time) {
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	for _, table := range s.tables.List() {
		if table.Entries > 0 {
			from, to = min(from, table.First.Unix()), max(to, table.Last.Unix())
		}
	}
	s.mu.Lock()
	for _, segment := range s.unsealed {
		if segment.count > 0 {
			from, to = min(from, int64(segment.first)), max(to, int64(segment.last))
		}
	}
	s.mu.Unlock()
	if from > to {
		return time.Time{}, time.Time{}
	}
	return time.Unix(from, 0).UTC(), time.Unix(to, 0).UTC()
}
