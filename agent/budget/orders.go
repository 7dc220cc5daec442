package budget

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/agent/lock"
)

// orders are changes that are decided in one update of the table.
type orders struct {
	all   []*order
	done  chan struct{} // closed when err and each order's refusal stand
	err   error
	ended bool // it was not decided, because the context of who leads it has ended
}

// order is a change that somebody waits for. Limits are held against it.
type order struct {
	Change
	refused error
	gone    bool // nobody waits for it any more
}

// decide holds money in the table, unless a limit forbids it. Orders that come while
// the table is being updated are decided together in the next update.
func (s *Purse) decide(ctx context.Context, o *order) error {
	for {
		batch, err := s.decided(ctx, o)
		switch {
		case err != nil:
			return err
		case batch.ended && ctx.Err() == nil: // another call was given up
			continue
		case batch.err != nil:
			return batch.err
		}
		return o.refused
	}
}

func (s *Purse) decided(ctx context.Context, o *order) (*orders, error) {
	s.mu.Lock()
	batch, leads := s.next, s.next == nil
	if leads {
		batch = &orders{done: make(chan struct{})}
		s.next = batch
	}
	batch.all = append(batch.all, o)
	s.mu.Unlock()
	if leads {
		s.lead(ctx, batch)
		return batch, nil
	}
	select {
	case <-batch.done:
		return batch, nil
	case <-ctx.Done():
		return batch, s.giveUp(ctx, batch, o)
	}
}

// lead decides a batch. What was held for those who have gone meanwhile is not held.
func (s *Purse) lead(ctx context.Context, batch *orders) {
	batch.err = s.update(ctx, batch)
	batch.ended = batch.err != nil && ctx.Err() != nil
	s.mu.Lock()
	close(batch.done)
	s.mu.Unlock()
	for _, o := range batch.all {
		if o.gone && o.refused == nil && batch.err == nil {
			undo := o.Change
			undo.Kind, undo.Taken = undoes, o.Taken
			s.later(undo)
		}
	}
}

// giveUp leaves an order to who leads its batch, unless that is decided.
func (s *Purse) giveUp(ctx context.Context, batch *orders, o *order) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-batch.done:
		return nil
	default:
		o.gone = true
		return fmt.Errorf("%w: %w", lock.ErrBusy, context.Cause(ctx))
	}
}

// Flush writes the changes that no limit waits for.
func (s *Purse) Flush() error { return s.update(context.Background(), &orders{}) }

func (s *Purse) update(ctx context.Context, batch *orders) error {
	waited := s.writing.Take(ctx)
	s.mu.Lock()
	if s.next == batch {
		s.next = nil
	}
	if waited != nil {
		s.mu.Unlock()
		return waited
	}
	defer s.writing.Give()
	late, last := s.takeLate()
	s.mu.Unlock()
	if len(late) == 0 && len(batch.all) == 0 {
		return nil
	}
	err := s.table.UpdateSpending(ctx, last, func(rows Rows) {
		fold(rows)
		l := newLeaf(rows, s.server)
		for _, c := range late {
			l.book(c)
		}
		for _, o := range batch.all {
			if o.refused = s.check(l, o.Change); o.refused == nil {
				o.Taken = l.book(o.Change)
			}
		}
	})
	if err != nil {
		s.putBack(late)
	}
	return err
}

// takeLate takes what is to be written late, with the last page of notes of it. The caller holds
// mu, and writing.
func (s *Purse) takeLate() (late []Change, last uint64) {
	late, s.late = s.late, nil
	return late, s.table.Turn()
}

// putBack is for what could not be written.
func (s *Purse) putBack(late []Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = append(late, s.late...)
}
