package diskstore

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

// seal makes tables of what a segment has, which may then be removed from the journal. Where
// the process ends in between, the segment is sealed again: what it has is the same.
func (s *Store) seal(l *live) error {
	receipts, answers, err := s.gather(l)
	if errors.Is(err, history.ErrCorrupt) {
		err = fmt.Errorf("%w: a table never changes, so put that file back from a backup that has it, which is a tar file, or restore the newest backup (`chit store restore FILE`)", err)
	}
	if err != nil {
		return fmt.Errorf("seal segment %d: %w", l.segment, err)
	}
	if err := s.options.fail("seal"); err != nil {
		return err
	}
	if err := s.keepDoubles(l, receipts.TakeDoubles()); err != nil {
		return fmt.Errorf("seal segment %d: %w", l.segment, err)
	}
	if answers.Len() > 0 {
		if err := answers.Write(s.answers.Path(l.segment)); err != nil {
			return err
		}
	}
	if err := s.options.fail("sealed answers"); err != nil {
		return err
	}
	if receipts.Len() > 0 {
		if err := receipts.Write(s.tables.Path(l.segment)); err != nil {
			return err
		}
	}
	if err := s.shelve(l, receipts.Len() > 0, answers.Len() > 0); err != nil {
		return err
	}
	return s.options.fail("sealed")
}

// gather reads a segment.
func (s *Store) gather(l *live) (*history.Builder, *history.AnswerBuilder, error) {
	receipts, answers := new(history.Builder), new(history.AnswerBuilder)
	r := frameReader{from: s.journal}
	now := s.options.now()
	last := map[vouchers.ChannelID]common.Hash{}
	for _, offset := range l.frames {
		f, err := r.read(journal.Position{Segment: l.segment, Offset: offset})
		if err != nil {
			return nil, nil, err
		}
		for i, e := range f.Entries {
			previous, known := last[e.Channel]
			if !known {
				if previous, err = (past{s}).before(e.Channel, e.Number); err != nil {
					return nil, nil, err
				}
			}
			last[e.Channel] = e.Digest
			e.Previous, e.Batch, e.Leaf = previous, r.batch, i
			if err := receipts.Add(e.Entry); err != nil {
				return nil, nil, err
			}
		}
		for _, a := range f.Answers {
			if !now.Before(a.Expires) {
				continue
			}
			answers.Add(a)
		}
	}
	return receipts, answers, nil
}

// keepDoubles keeps the records of a segment that have the entries for which its table has no
// room, as a check of the store says. Nothing else can be done: both receipts were given away.
func (s *Store) keepDoubles(l *live, doubles []*vouchers.Entry) error {
	if len(doubles) == 0 {
		return nil
	}
	passed, err := s.state.Position()
	if err != nil {
		return err
	}
	isDouble := map[common.Hash]bool{}
	for _, e := range doubles {
		isDouble[e.Digest] = true
	}
	return s.state.Write(&state.Changes{Position: passed, Rooms: func(put func(string, []byte, []byte) error) error {
		for _, offset := range l.frames {
			at := journal.Position{Segment: l.segment, Offset: offset}
			record, err := s.journal.Read(at)
			if err != nil {
				return err
			}
			f, err := frame.DecodeAt(at, record)
			if err != nil {
				return err
			}
			var which []int
			for i, e := range f.Entries {
				if isDouble[e.Digest] {
					which = append(which, i)
				}
			}
			if len(which) > 0 {
				if err := put(inspect.DoubleBucket, inspect.DoubleKey(at), inspect.DoubleValue(which, record)); err != nil {
					return err
				}
			}
		}
		return nil
	}})
}

// shelve has readers find what was sealed in its tables, and no more in the journal.
func (s *Store) shelve(l *live, receipts, answers bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if receipts {
		if err := s.tables.Add(l.segment); err != nil {
			return err
		}
	}
	if answers {
		if err := s.answers.Add(l.segment); err != nil {
			return err
		}
	}
	s.unsealed = s.unsealed[1:]
	return nil
}

// forgetAnswers lets go of the answers whose time is over, a table at a time.
func (s *Store) forgetAnswers() error {
	_, err := s.answers.Expire(s.options.now())
	return err
}

// readable says of a read that failed because the store is closed that it is.
func readable(err error) error {
	if errors.Is(err, fs.ErrClosed) || errors.Is(err, history.ErrClosed) {
		return vouchers.ErrStoreClosed
	}
	return err
}
