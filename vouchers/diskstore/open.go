package diskstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/migrate"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
	"github.com/chitpay/chit/vouchers/journal"
)

const (
	// segmentSize is from how many bytes on a segment of the journal is full.
	segmentSize = 32 << 20
	// checkpointSize is how many bytes of the journal the checkpoint is behind at most before it
	// is written.
	checkpointSize = 16 << 20
)

// Open opens the store in the folder at path, creates it if there is none, and makes a store of
// version 1, which is a file, such a folder. It is this store's alone until Close.
//
// Errors wrap [ErrInUse] if another process has it open, [ErrFormat] if it is no store or one
// of a newer version, [ErrCorrupt] if it is damaged: then the file, and where in it, are named.
func Open(path string, opts ...Option) (*Store, error) {
	o := options{
		now: time.Now, segment: segmentSize, checkpointAt: checkpointSize,
		fail: func(string) error { return nil },
	}
	for _, set := range opts {
		set(&o)
	}
	s := &Store{path: path, options: o, queue: newQueue(), ended: make(chan struct{})}
	if err := s.openAlone(); err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	s.disk = newDisk(path, o)
	s.keeper = newKeeper(s)
	go s.keeper.run()
	go s.write()
	return s, nil
}

// openAlone opens what is at path while nobody replaces it: a store would go on in a folder that was
// moved away, beside the one that has taken its place.
func (s *Store) openAlone() (err error) {
	if s.options.mustExist {
		if err := folder.Exists(s.path); err != nil {
			return err
		}
	}
	unlock, err := folder.LockToOpen(s.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := settle(s.path, &s.options); err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	return nil
}

// settle sees to it that there is a folder of a store at path: it finishes what a crash has ended
// in the middle, and migrates what is no folder.
func settle(path string, o *options) error {
	if err := folder.Finish(path); err != nil {
		return fmt.Errorf("store %s: %w", path, err)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil && backup.Is(path):
		return fmt.Errorf("store %s: %w: it is a backup: `chit store restore %s` makes a store of it", path, ErrFormat, path)
	case err == nil:
		return migrate.Run(path, migrate.Options{Now: o.now, Receipt: o.former})
	case !errors.Is(err, fs.ErrNotExist) || o.mustExist:
		return fmt.Errorf("store %s: %w", path, err)
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make store: %w", err)
	}
	return boltfile.SyncDir(filepath.Dir(path))
}

// open opens the parts, the lock first, and replays what the checkpoint does not have.
func (s *Store) open() (err error) {
	if err := folder.Complete(s.path); err != nil {
		return err
	}
	if s.state, err = state.Open(folder.State(s.path)); err != nil {
		return err
	}
	if s.tables, err = history.Open(folder.History(s.path)); err != nil {
		return err
	}
	if s.answers, err = history.OpenAnswers(folder.Answers(s.path)); err != nil {
		return err
	}
	at, err := s.state.View()
	if err != nil {
		return err
	}
	defer at.End()
	passed, err := s.openJournal(at)
	if err != nil {
		return err
	}
	s.active, s.newest = newOverlay(passed), newLive(0)
	if err := s.replay(passed, at); err != nil {
		return err
	}
	return s.dropUnsealed()
}

// openJournal opens the journal, which has to be that of the checkpoint, and to go on where it
// ends. Damage of it is the store's.
func (s *Store) openJournal(at *state.View) (passed journal.Position, err error) {
	name, err := at.Journal()
	if err != nil {
		return passed, err
	}
	if passed, err = at.Position(); err != nil {
		return passed, err
	}
	isBound := name != [16]byte{}
	s.journal, err = journal.Open(folder.Journal(s.path), journal.Options{Fail: s.options.failJournal, MustExist: isBound})
	switch {
	case isBound && errors.Is(err, fs.ErrNotExist):
		return passed, fmt.Errorf("%w: the checkpoint has come to %v of a journal that is missing: %w", ErrCorrupt, passed, folder.ErrUnlike)
	case errors.Is(err, journal.ErrCorrupt):
		return passed, fmt.Errorf("%w: %w", ErrCorrupt, err)
	case err != nil:
		return passed, err
	}
	if err := folder.Agree(name, passed, s.journal.Name(), s.journal.Segments()[0].Number); err != nil {
		return passed, err
	}
	if err := s.journal.Reaches(passed); err != nil {
		return passed, fmt.Errorf("%w: the checkpoint has come to %v: %w: %w", ErrCorrupt, passed, err, folder.ErrUnlike)
	}
	if !isBound {
		return passed, s.state.Bind(s.journal.Name())
	}
	return passed, nil
}

// abandon closes what open has opened.
func (s *Store) abandon() (err error) {
	if s.journal != nil {
		err = errors.Join(err, s.journal.Close())
	}
	if s.answers != nil {
		err = errors.Join(err, s.answers.Close())
	}
	if s.tables != nil {
		err = errors.Join(err, s.tables.Close())
	}
	if s.state != nil {
		err = errors.Join(err, s.state.Close())
	}
	return err
}

// dropUnsealed takes back the tables of segments that the journal still has, which can be read:
// they were not sealed to the end. The newest segment is never sealed.
func (s *Store) dropUnsealed() error {
	segments := s.journal.Segments()
	first, newest := segments[0].Number, segments[len(segments)-1].Number
	all := append(s.tables.List(), s.answers.List()...)
	for _, table := range all {
		if table.Number >= newest {
			return fmt.Errorf("%w: there is %s, and the journal has only come to segment %d: %w", ErrCorrupt, table.Path, newest, folder.ErrUnlike)
		}
	}
	for _, table := range all {
		if table.Number < first {
			continue
		}
		if err := errors.Join(s.tables.Drop(table.Number), s.answers.Drop(table.Number)); err != nil {
			return err
		}
	}
	return nil
}

// replay takes in what is not sealed: all of it to be found, and what is after the checkpoint
// as newer than that.
func (s *Store) replay(passed journal.Position, at *state.View) error {
	err := s.journal.Replay(journal.Position{}, func(p journal.Position, record []byte) error {
		isNewer := p.Compare(passed) >= 0
		decode := frame.DecodePastAt
		if isNewer {
			record, decode = bytes.Clone(record), frame.DecodeAt
		}
		f, err := decode(p, record)
		if err != nil {
			return err
		}
		size := int64(len(record) + journal.HeaderSize)
		if end := (journal.Position{Segment: p.Segment, Offset: p.Offset + size}); !isNewer && end.Compare(passed) > 0 {
			return fmt.Errorf("journal, %v: %w: the checkpoint has come to %v, which is within what stands here: %w", p, ErrCorrupt, passed, folder.ErrUnlike)
		}
		if err := s.take(p, f, size, isNewer, at); err != nil {
			return fmt.Errorf("journal, %v: %w", p, err)
		}
		return nil
	})
	if errors.Is(err, journal.ErrCorrupt) {
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// take takes in one frame.
func (s *Store) take(p journal.Position, f *frame.Frame, size int64, isNewer bool, at *state.View) error {
	if s.newest.segment != p.Segment {
		s.newest = newLive(p.Segment)
		s.unsealed = append(s.unsealed, s.newest)
	}
	s.newest.add(p.Offset, f)
	if !isNewer {
		return nil
	}
	if err := s.complete(f, at); err != nil {
		return err
	}
	s.active.add(f, journal.Position{Segment: p.Segment, Offset: p.Offset + size}, size)
	return nil
}

// complete gives the records that do not say it what they are: it is as it was before.
func (s *Store) complete(f *frame.Frame, at *state.View) error {
	for i := range f.Records {
		r := &f.Records[i]
		if r.Whole {
			continue
		}
		before := s.active.records[r.ID]
		if before == nil {
			before = new(vouchers.Record)
			found, err := at.Record(r.ID, before)
			if err != nil {
				return err
			}
			if !found {
				return fmt.Errorf("%w: channel %s changes, and nothing says what it is", ErrCorrupt, r.ID)
			}
		}
		r.Terms, r.Payer, r.PayerAuthorizer, r.Salt = before.Terms, before.Payer, before.PayerAuthorizer, before.Salt
	}
	return nil
}
