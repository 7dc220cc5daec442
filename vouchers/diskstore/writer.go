package diskstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/journal"
)

// write is the one goroutine that writes to the journal. It ends when the store is closed, or
// with the first error but that of a full disk. Before each frame it lets everybody run who is
// ready to: under load they submit what would otherwise take frames of its own, and without
// load nobody is there to wait for.
func (s *Store) write() {
	defer close(s.ended)
	for {
		var again <-chan time.Time // while the reserve is to be made again
		if s.disk.err() != nil {
			again = time.After(retryEvery)
		}
		select {
		case <-s.queue.wake:
		case <-again:
			s.disk.restore()
			continue
		}
		closing := s.queue.err() != nil // nothing comes in any more: what is queued is all
		if !s.writeQueued() || closing {
			return
		}
	}
}

// writeQueued writes what is queued, and reports whether it could.
func (s *Store) writeQueued() bool {
	next := func() *batch {
		s.waitForKeeper()
		runtime.Gosched()
		return s.queue.take()
	}
	for b := next(); b != nil; b = next() {
		if err := s.persist(b); err != nil {
			err = fmt.Errorf("%w: write %s: %w: mend the cause and start again", vouchers.ErrStoreFailed, s.path, err)
			s.fail(err)
			b.finish(err)
			return false
		}
		b.finish(nil)
		s.queue.recycle(b)
	}
	return true
}

// mostBehind is how many times as much as a checkpoint is begun for may be in memory before
// the writer waits for the keeper.
const mostBehind = 8

// waitForKeeper bounds what is in memory, and what a store that is opened has to replay. Where
// there is no room the disk itself is the bound, and waiting would not end.
func (s *Store) waitForKeeper() {
	for s.isFarAhead() && s.disk.err() == nil && s.failure.Load() == nil {
		s.keeper.wake()
		select {
		case <-s.keeper.worked:
		case <-s.queue.shutting:
			return
		case <-time.After(retryEvery):
		}
	}
}

func (s *Store) isFarAhead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active.bytes >= mostBehind*s.options.checkpointAt
}

// fail ends the store; the first reason counts.
func (s *Store) fail(err error) {
	s.failure.CompareAndSwap(nil, &err)
	s.queue.end(err)
}

// persist makes a batch durable and readable. Where there is no room, or nobody who attests,
// it waits; when the store is closed it waits no longer.
func (s *Store) persist(b *batch) error {
	if err := s.attested(b); err != nil {
		return err
	}
	const headroom = journal.HeaderSize
	s.buffer = s.encoder.Append(append(s.buffer[:0], make([]byte, headroom)...), &b.frame)
	if cap(s.buffer) > keptBuffer {
		defer func() { s.buffer, s.encoder = nil, frame.Encoder{} }()
	}
	for {
		at, err := s.append(s.buffer)
		if err == nil {
			s.apply(b, at)
			return nil
		}
		if !folder.IsFull(err) || errors.Is(err, journal.ErrBroken) {
			return err
		}
		s.disk.short(s.path, err)
		if s.disk.giveUp() {
			continue
		}
		if !s.pause() {
			return err
		}
	}
}

// keptBuffer is how many bytes at most are kept for the next frame.
const keptBuffer = 8 << 20

// append writes a frame, in a new segment where the present one is full.
func (s *Store) append(framed []byte) (journal.Position, error) {
	if s.journal.Size() >= s.options.segment {
		if _, err := s.journal.Roll(); err != nil {
			return journal.Position{}, err
		}
		s.keeper.wake()
	}
	at, err := s.journal.AppendFrame(framed)
	if err == nil {
		s.disk.fits()
	}
	return at, err
}

// pause waits before something is tried again, and says whether it is to be.
func (s *Store) pause() bool {
	select {
	case <-s.queue.shutting:
		return false
	case <-time.After(retryEvery):
		return true
	}
}

// apply makes what is durable readable, and tells its entries what they are in.
func (s *Store) apply(b *batch, at journal.Position) {
	size := int64(len(s.buffer))
	s.mu.Lock()
	if s.newest.segment != at.Segment {
		s.newest = newLive(at.Segment)
		s.unsealed = append(s.unsealed, s.newest)
	}
	s.newest.add(at.Offset, &b.frame)
	s.active.add(&b.frame, journal.Position{Segment: at.Segment, Offset: at.Offset + size}, size)
	pressed := s.active.bytes >= s.options.checkpointAt
	s.mu.Unlock()
	if len(b.frame.Entries) > 0 {
		batch := batchOf(&b.frame)
		for i, e := range b.frame.Entries {
			e.Batch, e.Leaf = batch, i
		}
	}
	if pressed {
		s.keeper.wake()
	}
}

// errNobodyAttests is what an entry is refused with before [Store.Attest].
var errNobodyAttests = errors.New("entries of history, and nobody who attests them")

// attested has the entries of a batch attested.
func (s *Store) attested(b *batch) error {
	if len(b.frame.Entries) == 0 {
		return nil
	}
	leaves := make([]common.Hash, len(b.frame.Entries))
	for i, e := range b.frame.Entries {
		leaves[i] = e.Digest
	}
	for {
		attestation, err := s.attest(leaves)
		if err == nil {
			b.frame.Attestation = attestation
			s.unattested.Store(nil)
			return nil
		}
		err = fmt.Errorf("%w: %w", vouchers.ErrNotAttested, err)
		s.unattested.Store(&err)
		if !s.pause() {
			return err
		}
	}
}

func (s *Store) attest(leaves []common.Hash) ([]byte, error) {
	attest := s.attestor.Load()
	if attest == nil {
		return nil, errNobodyAttests
	}
	ctx, cancel := context.WithTimeout(context.Background(), attestTimeout)
	defer cancel()
	return (*attest)(ctx, leaves)
}

// attestTimeout is how long one try to attest may take.
const attestTimeout = 30 * time.Second
