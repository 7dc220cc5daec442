package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/state"
)

// State is the checkpoint of the store in a folder.
func State(dir string) string { return filepath.Join(dir, "state.db") }

// Journal is the folder of its journal.
func Journal(dir string) string { return filepath.Join(dir, "journal") }

// History is the folder of its tables of receipts.
func History(dir string) string { return filepath.Join(dir, "history") }

// Answers is the folder of its tables of answers.
func Answers(dir string) string { return filepath.Join(dir, "answers") }

// Complete refuses a folder without a checkpoint unless it is empty: what else there is says that
// one is missing, [boltfile.ErrCorrupt], or that it is the folder of something else,
// [state.ErrFormat].
func Complete(path string) error {
	if _, err := os.Stat(State(path)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, part := range []string{Journal(path), History(path), Answers(path)} {
		if Size(part) > 0 {
			return fmt.Errorf("%w: %s is missing, which has the channels, and %s is there: put it back, or restore the newest backup (`chit store restore FILE`)", boltfile.ErrCorrupt, State(path), part)
		}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && name != "lost+found" {
			return fmt.Errorf("%w: a folder with something else in it (%s): name one that is empty, or not there yet", state.ErrFormat, name)
		}
	}
	return nil
}

// Size is how many bytes the files of a folder have, 0 where there is none.
func Size(dir string) (bytes int64) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}
