package history

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// extension is what the name of a table ends with.
const extension = ".table"

// maxOpen is how many tables of a shelf are open at most, but for those in use: each has
// its index and its filter in memory, about 250 kB for 256,000 entries.
const maxOpen = 64

// shelf is a directory of tables, which readers hold while others are put on it and taken
// off. It is safe for concurrent use.
type shelf struct {
	dir     string
	maxOpen int

	mu     sync.Mutex // guards what follows, and the fields of each volume
	closed bool
	// volumes are in the order of their numbers.
	volumes []*volume
	// open are those with a sheet, the one that was used last in front.
	open list.List
	// failures are those of letting go.
	failures []error
}

// volume is a table on the shelf.
type volume struct {
	number, generation uint64
	path               string
	size               int64
	facts              facts
	damage             error // why it cannot be opened

	holders int  // those who may read it
	off     bool // it was taken off, and goes when its last holder has let go

	sheet *sheet
	users int           // those who read it now
	place *list.Element // in shelf.open, while it has a sheet
}

// openShelf opens a directory, which is made if it is not there. What was left unfinished,
// and what a newer generation stands for, is removed. Damaged tables are put on the shelf
// like the others: whoever needs them is told.
func openShelf(dir string) (*shelf, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return survey(dir, removeIfThere)
}

// survey finds the volumes of a directory. What is not one any more is discarded.
func survey(dir string, discard func(path string) error) (*shelf, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &shelf{dir: dir, maxOpen: maxOpen}
	for _, name := range names {
		if err := s.find(name.Name(), discard); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, s.discardOld(discard)
}

func (s *shelf) find(name string, discard func(path string) error) error {
	if strings.HasSuffix(name, extension+unfinished) {
		return discard(filepath.Join(s.dir, name))
	}
	number, generation, ok := parseName(name)
	if !ok {
		return nil
	}
	v, err := s.read1(number, generation)
	if err != nil {
		return err
	}
	s.volumes = append(s.volumes, v)
	return nil
}

// discardOld sorts the volumes and keeps the newest generation of each number.
func (s *shelf) discardOld(discard func(path string) error) error {
	slices.SortFunc(s.volumes, func(a, b *volume) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.generation, b.generation))
	})
	var kept []*volume
	for i, v := range s.volumes {
		if i+1 == len(s.volumes) || s.volumes[i+1].number != v.number {
			kept = append(kept, v)
		} else if err := discard(v.path); err != nil {
			return err
		}
	}
	s.volumes = kept
	return nil
}

// read1 reads what a volume says of itself.
func (s *shelf) read1(number, generation uint64) (*volume, error) {
	v := &volume{number: number, generation: generation, path: s.pathOf(number, generation)}
	info, err := os.Stat(v.path)
	if err != nil {
		return nil, err
	}
	v.size = info.Size()
	sheet, err := openSheet(v.path)
	switch {
	case errors.Is(err, ErrCorrupt):
		v.damage = err
		return v, nil
	case err != nil:
		return nil, err
	}
	v.facts = sheet.facts
	return v, sheet.close()
}

// fileName is how a table is called: the number, and the generation unless it is the first.
func fileName(number, generation uint64) string {
	if generation == 0 {
		return fmt.Sprintf("%010d%s", number, extension)
	}
	return fmt.Sprintf("%010d.%d%s", number, generation, extension)
}

func parseName(name string) (number, generation uint64, ok bool) {
	base, ok := strings.CutSuffix(name, extension)
	if !ok {
		return 0, 0, false
	}
	first, second, rewritten := strings.Cut(base, ".")
	number, err := strconv.ParseUint(first, 10, 64)
	if err == nil && rewritten {
		generation, err = strconv.ParseUint(second, 10, 64)
	}
	return number, generation, err == nil && name == fileName(number, generation)
}

// path is that of the table of a segment.
func (s *shelf) path(number uint64) string { return s.pathOf(number, 0) }

func (s *shelf) pathOf(number, generation uint64) string {
	return filepath.Join(s.dir, fileName(number, generation))
}

// add puts the table of a segment on the shelf, which is sealed at its path, in the place of
// one of an older generation. It returns its size.
func (s *shelf) add(number, generation uint64) (size int64, err error) {
	v, err := s.read1(number, generation)
	if err == nil {
		err = v.damage
	}
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	at, there := slices.BinarySearchFunc(s.volumes, number, func(v *volume, n uint64) int { return cmp.Compare(v.number, n) })
	switch {
	case !there:
		s.volumes = slices.Insert(s.volumes, at, v)
	case s.volumes[at].generation < generation:
		old := s.volumes[at]
		s.volumes[at] = v
		s.takeOff(old)
	default:
		return 0, fmt.Errorf("%w: there is a table %d already", ErrEntry, number)
	}
	return v.size, nil
}

// drop takes a volume off the shelf; its file is removed when its last holder lets go.
func (s *shelf) drop(v *volume) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.Index(s.volumes, v)
	if at < 0 {
		return nil
	}
	s.volumes = slices.Delete(s.volumes, at, at+1)
	failures := len(s.failures)
	s.takeOff(v)
	return errors.Join(s.failures[failures:]...)
}

// takeOff is called with mu held.
func (s *shelf) takeOff(v *volume) {
	v.off = true
	if v.holders == 0 {
		s.remove(v)
	}
}

// remove is called with mu held.
func (s *shelf) remove(v *volume) {
	s.shut(v)
	if err := removeIfThere(v.path); err != nil {
		s.failures = append(s.failures, err)
	}
}

// shut is called with mu held, for a volume that nobody reads.
func (s *shelf) shut(v *volume) {
	if v.sheet == nil {
		return
	}
	if err := v.sheet.close(); err != nil {
		s.failures = append(s.failures, err)
	}
	s.open.Remove(v.place)
	v.sheet, v.place = nil, nil
}

// hold returns the volumes that are on the shelf now, and whom to tell when they are not
// needed any more.
func (s *shelf) hold() (held []*volume, release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, ErrClosed
	}
	held = slices.Clone(s.volumes)
	for _, v := range held {
		v.holders++
	}
	return held, func() { s.letGo(held) }, nil
}

func (s *shelf) letGo(held []*volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range held {
		if v.holders--; v.holders == 0 && v.off {
			s.remove(v)
		}
	}
	s.shutUnused()
}

// read calls use with the open table of a volume that is held.
func (s *shelf) read(v *volume, use func(*sheet) error) error {
	if v.damage != nil {
		return v.damage
	}
	sheet, err := s.borrow(v)
	if err != nil {
		return err
	}
	defer s.giveBack(v)
	return use(sheet)
}

func (s *shelf) borrow(v *volume) (*sheet, error) {
	s.mu.Lock()
	if v.sheet != nil {
		defer s.mu.Unlock()
		v.users++
		s.open.MoveToFront(v.place)
		return v.sheet, nil
	}
	s.mu.Unlock()

	opened, err := openSheet(v.path)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v.users++
	if v.sheet != nil { // somebody was faster
		s.open.MoveToFront(v.place)
		return v.sheet, opened.close()
	}
	v.sheet, v.place = opened, s.open.PushFront(v)
	s.shutUnused()
	return opened, nil
}

func (s *shelf) giveBack(v *volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.users--
	s.shutUnused()
}

// shutUnused closes what was not used for longest while too many are open, and all that
// nobody uses once the shelf is closed. It is called with mu held.
func (s *shelf) shutUnused() {
	limit := s.maxOpen
	if s.closed {
		limit = 0
	}
	for e := s.open.Back(); e != nil && s.open.Len() > limit; {
		v := e.Value.(*volume)
		e = e.Prev()
		if v.users == 0 {
			s.shut(v)
		}
	}
}

// close refuses new readers, and closes what nobody reads; the last readers close the rest.
func (s *shelf) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.shutUnused()
	failures := s.failures
	s.failures = nil
	return errors.Join(failures...)
}

// list is the facts about each volume, in the order of their numbers.
func (s *shelf) list() []Facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Facts, len(s.volumes))
	for i, v := range s.volumes {
		all[i] = v.list()
	}
	return all
}

func (v *volume) list() Facts {
	return Facts{
		Number: v.number, Generation: v.generation, Path: v.path, Bytes: v.size,
		Entries: v.facts.entries, Channels: v.facts.channels, Batches: v.facts.batches,
		First: timeOf(v.facts.first), Last: timeOf(v.facts.last),
	}
}

// damage joins why volumes cannot be opened.
func (s *shelf) damage() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []error
	for _, v := range s.volumes {
		all = append(all, v.damage)
	}
	return errors.Join(all...)
}

func (s *shelf) has(number uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byNumber(number) != nil
}

// byNumber is called with mu held.
func (s *shelf) byNumber(number uint64) *volume {
	for _, v := range s.volumes {
		if v.number == number {
			return v
		}
	}
	return nil
}

func (s *shelf) dropNumber(number uint64) error {
	s.mu.Lock()
	v := s.byNumber(number)
	s.mu.Unlock()
	if v == nil {
		return nil
	}
	return s.drop(v)
}
