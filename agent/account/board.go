package account

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/vouchers"
)

// board is a channel's account as all processes with the same book see it: a file
// beside the book, under a lock that its holder has for some microseconds. It outlives a
// process that is killed, so that no ceiling is forgotten then. It does not outlive the
// machine's own crash and need not: the book does, and the owner says what was lost. Its
// users each hold the lock of a file of their own, so that the calls in flight of a process
// that was killed are found out.
//
// A nil board is that of an account that is not shared.
type board struct {
	lock lock.OpenFile // of the file
	file *os.File
	dir  string
	name string // of the file
	id   uint64 // of this user
	mine *flock.Flock

	generation uint64    // of the figures that this user knows
	looked     time.Time // when the others were last looked at
}

const (
	lookEvery = time.Second
	soonTime  = 5 * time.Millisecond // how long landings of other processes may go unnoticed
)

// openBoard joins those who use a channel. The first one begins with fresh figures, and
// what the last one has left that these do not know; the others take over those there are.
func openBoard(ctx context.Context, folder string, id vouchers.ChannelID, f *figures, fresh func() (figures, error)) (b *board, err error) {
	b = &board{dir: folder, name: id.Hex()}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, fmt.Errorf("share the channel book: %w", err)
	}
	path := filepath.Join(b.dir, b.name)
	if b.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("share the channel book: %w", err)
	}
	b.lock = lock.OnOpen(b.file, path)
	if err = lock.File(ctx, b.lock); err == nil {
		err = errors.Join(b.join(f, fresh), b.lock.Unlock())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("share channel %s with other processes: %w", id, err), b.close())
	}
	return b, nil
}

// join is called with the lock.
func (b *board) join(f *figures, fresh func() (figures, error)) error {
	others, err := b.others()
	if err != nil {
		return err
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never returns an error
	b.id = binary.BigEndian.Uint64(random[:])
	b.mine = flock.New(b.userFile(b.id))
	if ok, err := b.mine.TryLock(); err != nil || !ok {
		return fmt.Errorf("lock %s: %w", b.mine.Path(), cmp.Or(err, errDamaged))
	}
	if len(others) > 0 {
		return b.read(f)
	}
	if *f, err = fresh(); err != nil {
		return err
	}
	var kept figures
	switch err := b.read(&kept); {
	case err == nil:
		f.inherit(kept)
	case errors.Is(err, errDamaged):
		if err := b.file.Truncate(0); err != nil {
			return err
		}
	default:
		return err
	}
	return b.write(f)
}

// inherit adds what those knew who used the account last, and are gone: their calls in
// flight are in doubt.
func (f *figures) inherit(kept figures) {
	if kept.signed < f.signed {
		return
	}
	balance, most := f.balance, f.most
	disputed := max(f.disputed, kept.disputed)
	*f = newFigures(balance, kept.charged, kept.signed)
	f.vouched = kept.signed.Minus(kept.unvouched())
	f.most, f.unproven, f.disputed, f.uncharged = max(most, kept.most), kept.unproven, disputed, kept.uncharged
	f.offset, f.doubt, f.losses, f.spent, f.raised = kept.offset, kept.doubt.Plus(kept.flying), kept.losses, kept.spent, kept.raised
	for ceiling := range kept.inFlight {
		f.spent[ceiling] = doubtful
	}
}

func (b *board) userFile(id uint64) string {
	return filepath.Join(b.dir, b.name+"."+strconv.FormatUint(id, 16))
}

// others returns the living users beside this one, and clears away what dead ones have
// left. It is called with the lock.
func (b *board) others() (map[uint64]bool, error) {
	files, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, err
	}
	living := make(map[uint64]bool)
	for _, file := range files {
		channel, user, _ := strings.Cut(file.Name(), ".")
		id, err := strconv.ParseUint(user, 16, 64)
		if err != nil || channel != b.name || b.mine != nil && id == b.id {
			continue
		}
		lock := flock.New(b.userFile(id))
		dead, err := lock.TryLock()
		if err != nil {
			return nil, err
		}
		if !dead {
			living[id] = true
			continue
		}
		if err := errors.Join(os.Remove(lock.Path()), lock.Unlock()); err != nil {
			return nil, err
		}
	}
	return living, nil
}

// enter takes the lock, and what others have changed.
func (b *board) enter(f *figures) error {
	return b.explain(b.taken(f, lock.FileSoon(context.Background(), b.lock)))
}

// enterUntil is enter that waits until the context ends; waited is why it did then.
func (b *board) enterUntil(ctx context.Context, f *figures) (waited, err error) {
	err = lock.File(ctx, b.lock)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("share the channel book in %s: %w", b.dir, err), nil
	}
	return nil, b.explain(b.taken(f, err))
}

// taken reads what others have changed, once the lock is taken.
func (b *board) taken(f *figures, err error) error {
	if err == nil {
		if err = b.read(f); err != nil {
			err = errors.Join(err, b.lock.Unlock())
		}
	}
	return err
}

// leave shows what was changed, and gives the lock back.
func (b *board) leave(f *figures) error {
	return b.explain(errors.Join(b.write(f), b.lock.Unlock()))
}

// exit gives the lock back where nothing was changed.
func (b *board) exit() error { return b.explain(b.lock.Unlock()) }

func (b *board) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("share the channel book in %s: %w; end all chit processes and start them again", b.dir, err)
}

// owner is this user's mark on its calls.
func (b *board) owner() uint64 {
	if b == nil {
		return 0
	}
	return b.id
}

// abandoned returns the ceilings of calls in flight whose process is dead. It looks now
// and then, with the lock.
func (b *board) abandoned(f *figures) (ceilings []vouchers.Amount) {
	if b == nil || time.Since(b.looked) < lookEvery {
		return nil
	}
	b.looked = time.Now()
	var living map[uint64]bool
	for ceiling, flight := range f.inFlight {
		if flight.owner == b.id {
			continue
		}
		if living == nil {
			var err error
			if living, err = b.others(); err != nil {
				return nil // they are looked at again
			}
		}
		if !living[flight.owner] {
			ceilings = append(ceilings, ceiling)
		}
	}
	return ceilings
}

// soon is when to look again whether a call of another process has landed; never, if
// there is none.
func (b *board) soon() <-chan time.Time {
	if b == nil {
		return nil
	}
	return time.After(soonTime)
}

// deposit lets one process at a time deposit into the channel; done ends it.
func (b *board) deposit(ctx context.Context) (done func(), err error) {
	if b == nil {
		return func() {}, nil
	}
	lock := flock.New(filepath.Join(b.dir, b.name+"-deposit"))
	if _, err := lock.TryLockContext(ctx, soonTime); err != nil {
		return nil, b.explain(err)
	}
	return func() { _ = lock.Unlock() }, nil // the end of the process unlocks it as well
}

// close leaves the channel to the others.
func (b *board) close() error {
	if b == nil {
		return nil
	}
	if b.mine == nil { // it has never joined
		return b.file.Close()
	}
	err := lock.FileSoon(context.Background(), b.lock)
	return errors.Join(err, os.Remove(b.mine.Path()), b.mine.Unlock(), b.lock.Unlock(), b.file.Close())
}
