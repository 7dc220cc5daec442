package diskstore

import (
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
)

// keeper works behind the writer: it brings the checkpoint up to the journal, seals what lies
// behind that, and forgets the answers whose time is over.
type keeper struct {
	store  *Store
	signal chan struct{}
	worked chan struct{} // holds one token once it has done what there was
	stop   chan struct{}
	ended  chan struct{}
}

// checkpointEvery is how long the checkpoint lags behind at most, while the disk keeps up.
const checkpointEvery = 5 * time.Second

func newKeeper(s *Store) *keeper {
	return &keeper{store: s, signal: make(chan struct{}, 1), worked: make(chan struct{}, 1), stop: make(chan struct{}), ended: make(chan struct{})}
}

// wake has it look at once.
func (k *keeper) wake() {
	select {
	case k.signal <- struct{}{}:
	default:
	}
}

func (k *keeper) run() {
	defer close(k.ended)
	for {
		timer := time.NewTimer(checkpointEvery)
		select {
		case <-k.signal:
		case <-timer.C:
		case <-k.stop:
			timer.Stop()
			_ = k.work(k.store.checkpoint) // the journal has it all
			return
		}
		timer.Stop()
		_ = k.work(k.store.checkpoint, k.store.sealNext, k.store.forgetAnswers)
		select {
		case k.worked <- struct{}{}:
		default:
		}
	}
}

// end has it bring the checkpoint up to the end, and waits for that.
func (k *keeper) end() {
	close(k.stop)
	<-k.ended
}

// work does one thing after another. A full disk ends that until the next time; every other
// error ends the store. Of one that has ended nothing more is written: what a failed sync has
// left in memory may look written, and is not.
func (k *keeper) work(tasks ...func() error) error {
	s := k.store
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	for _, do := range tasks {
		if s.failure.Load() != nil {
			return nil
		}
		err := do()
		switch {
		case err == nil:
			continue
		case folder.IsFull(err):
			s.disk.short(s.path, err)
			s.disk.giveUp()
			s.queue.signal() // the writer looks for when there is room again
		default:
			s.fail(fmt.Errorf("%w: keep %s: %w: mend the cause and start again", vouchers.ErrStoreFailed, s.path, err))
		}
		return err
	}
	return nil
}

// checkpoint writes what the journal has and the checkpoint has not, first what did not fit the
// last time.
func (s *Store) checkpoint() error {
	if err := s.writeFrozen(); err != nil {
		return err
	}
	s.mu.Lock()
	if !s.active.isEmpty() {
		s.frozen, s.active = s.active, newOverlay(s.active.end)
	}
	s.mu.Unlock()
	return s.writeFrozen()
}

func (s *Store) writeFrozen() error {
	if err := s.options.fail("checkpoint"); err != nil {
		return err
	}
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen == nil {
		return nil
	}
	if err := s.state.Write(frozen.changes()); err != nil {
		return err
	}
	s.mu.Lock()
	s.frozen = nil
	s.mu.Unlock()
	return s.options.fail("checkpointed")
}

// sealNext seals the segments that the checkpoint has passed.
func (s *Store) sealNext() error {
	passed, err := s.state.Position()
	if err != nil {
		return err
	}
	for {
		if err := s.removeSealed(passed.Segment); err != nil {
			return err
		}
		next := s.sealable(passed.Segment)
		if next == nil {
			return nil
		}
		if err := s.seal(next); err != nil {
			return err
		}
	}
}

// removeSealed removes the segments before one whose tables are there, or that have nothing.
func (s *Store) removeSealed(before uint64) error {
	if next := s.sealable(before); next != nil {
		before = next.segment
	}
	for _, segment := range s.journal.Segments() {
		if segment.Number >= before {
			return nil
		}
		if err := s.journal.Remove(segment.Number); err != nil {
			return err
		}
	}
	return nil
}

// sealable is the oldest segment that is not sealed, if it is before one.
func (s *Store) sealable(before uint64) *live {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unsealed) == 0 || s.unsealed[0].segment >= before {
		return nil
	}
	return s.unsealed[0]
}
