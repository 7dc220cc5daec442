package history

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/storage"
	"github.com/syndtr/goleveldb/leveldb/table"
	"github.com/syndtr/goleveldb/leveldb/util"
)

// sheet is an open table, with its index and its filter in memory. It is safe for
// concurrent use.
type sheet struct {
	path string
	file *os.File
	size int64
	end  trailer
	rows *table.Reader
	facts
}

func openSheet(path string) (*sheet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", path, err)
	}
	s := &sheet{path: path, file: f}
	if err := s.read(); err != nil {
		return nil, errors.Join(damaged(path, err), f.Close())
	}
	return s, nil
}

func (s *sheet) read() (err error) {
	if s.end, err = readTrailer(s.file); err != nil {
		return err
	}
	s.size = s.end.length + trailerLength
	s.rows, err = table.NewReader(io.NewSectionReader(s.file, 0, s.end.length), s.end.length, storage.FileDesc{}, nil, nil, options)
	if err != nil {
		return err
	}
	b, err := s.rows.Get(factsKey, nil)
	if errors.Is(err, table.ErrNotFound) {
		err = fmt.Errorf("%w: it has no facts about itself", ErrCorrupt)
	}
	if err != nil {
		return err
	}
	s.facts, err = decodeFacts(b)
	return err
}

func (s *sheet) close() error {
	s.rows.Release()
	return s.file.Close()
}

// get returns the row under key, nil if there is none. It asks the filter first.
func (s *sheet) get(key []byte) ([]byte, error) {
	found, value, err := s.rows.Find(key, true, nil)
	switch {
	case errors.Is(err, table.ErrNotFound), err == nil && !bytes.Equal(found, key):
		return nil, nil
	case err != nil:
		return nil, damaged(s.path, err)
	}
	return value, nil
}

// has says whether there is a row from key on with the same name. It asks the filter first.
func (s *sheet) has(key []byte) (bool, error) {
	found, err := s.rows.FindKey(key, true, nil)
	switch {
	case errors.Is(err, table.ErrNotFound):
		return false, nil
	case err != nil:
		return false, damaged(s.path, err)
	}
	return bytes.HasPrefix(found, key[:nameLength]), nil
}

// iterate visits rows from start (inclusive) until limit (exclusive); nil is no bound.
func (s *sheet) iterate(start, limit []byte) iterator.Iterator {
	return s.rows.NewIterator(&util.Range{Start: start, Limit: limit}, nil)
}
