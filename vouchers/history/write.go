package history

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/syndtr/goleveldb/leveldb/table"
)

// unfinished is what the name of a table ends with until it is whole.
const unfinished = ".tmp"

// rows are what fills a table: it calls add for each, in the order of the keys.
type rows func(add func(key, value []byte) error) error

// write makes a table at path, whole and durable, or none.
func write(path string, fill rows) error {
	err := writeUnfinished(path+unfinished, fill)
	if err == nil {
		err = finish(path)
	}
	if err != nil {
		return fmt.Errorf("seal %s: %w", path, errors.Join(err, removeIfThere(path+unfinished)))
	}
	return nil
}

func writeUnfinished(path string, fill rows) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = writeTable(f, fill)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func writeTable(f *os.File, fill rows) error {
	buffered := bufio.NewWriterSize(f, 1<<20)
	sum := &summing{w: buffered}
	w := table.NewWriter(sum, options, nil, 2*options.BlockSize)
	err := fill(w.Append)
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		_, err = buffered.Write(sum.trailer().append(nil))
	}
	if err == nil {
		err = buffered.Flush()
	}
	return err
}

// finish gives a table that is durable its name.
func finish(path string) error {
	if err := os.Rename(path+unfinished, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
