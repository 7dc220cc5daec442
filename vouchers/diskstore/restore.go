package diskstore

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/chitpay/chit/vouchers/diskstore/state"
)

// ErrBackup is what a file is refused with that is no backup, or one that is damaged or cut
// off.
var ErrBackup = errors.New("not a backup that is whole")

// Restored is what [Restore] has done.
type Restored struct {
	Manifest
	// Kept is where the store is now that was replaced, "" if there was none.
	Kept string `json:"kept,omitzero"`
}

// Restore puts a store as a backup has it in the place of what is at path, which is kept
// beside it. Nothing is changed unless the backup is whole and sound. Prepare, which may be
// nil, is called on the folder of the new store before it takes the place. Errors wrap
// [ErrBackup], or [ErrInUse] while a process has the store open.
func Restore(backup io.Reader, path string, prepare func(dir string) error) (done Restored, err error) {
	unlock, err := lockPlace(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := finishReplacing(path); err != nil {
		return done, fmt.Errorf("restore %s: %w", path, err)
	}
	release, err := seize(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, release()) }()
	done.Kept, err = replace(path, keptName(path), func(dir string) (err error) {
		if done.Manifest, err = extract(backup, dir); err != nil {
			return err
		}
		report, err := Check(context.Background(), dir, nil)
		if err == nil {
			err = damageOf(report)
		}
		if err != nil || prepare == nil {
			return err
		}
		return prepare(dir)
	})
	if err != nil {
		return done, fmt.Errorf("restore %s, which is as it was: %w", path, err)
	}
	return done, nil
}

// seize makes sure that nobody has the store at path open, until release is called. One that
// is damaged, or of another version, is nobody's.
func seize(path string) (release func() error, err error) {
	none := func() error { return nil }
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if !info.IsDir() {
		former, err := state.OpenFormer(path)
		if errors.Is(err, ErrInUse) {
			return nil, err
		}
		if err != nil {
			return none, nil
		}
		return former.Close, nil
	}
	if _, err := os.Stat(statePath(path)); err != nil {
		return none, nil
	}
	open, err := state.Open(statePath(path))
	if errors.Is(err, ErrInUse) {
		return nil, err
	}
	if err != nil {
		return none, nil
	}
	return open.Close, nil
}

// damageOf is what a backup is refused with whose store has problems.
func damageOf(r Report) error {
	if len(r.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: what it holds was damaged when it was taken: %s", ErrBackup, r.Problems[0])
}

// isBackup says whether a file is a backup, by how it begins.
func isBackup(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	head := make([]byte, len(manifestName))
	_, err = io.ReadFull(file, head)
	return err == nil && string(head) == manifestName
}

// partName is what the files of a backup are called.
var partName = regexp.MustCompile(`^(state\.db|(journal|history|answers)/[0-9a-zA-Z][0-9a-zA-Z.-]{0,63})$`)

// extract puts the files of a backup into a folder, and checks that they are all there and as
// they were. The error wraps [ErrBackup].
func extract(r io.Reader, dir string) (m Manifest, err error) {
	in := &extraction{tar: tar.NewReader(r), dir: dir, sums: map[string]string{}}
	for {
		err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return m, err
		}
	}
	if !in.ended {
		return m, errCutOff
	}
	return in.manifest, nil
}

var errCutOff = fmt.Errorf("%w: it is cut off", ErrBackup)

type extraction struct {
	tar      *tar.Reader
	dir      string
	manifest Manifest
	sums     map[string]string
	ended    bool
}

func (x *extraction) next() error {
	header, err := x.tar.Next()
	switch {
	case err == io.EOF:
		return err
	case err != nil && len(x.sums) == 0:
		return fmt.Errorf("%w: it is nothing that `chit store backup` has written, or compressed: then decompress it first", ErrBackup)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case err != nil:
		return fmt.Errorf("%w: it has changed since it was written: %w", ErrBackup, err)
	case x.ended:
		return fmt.Errorf("%w: %q follows its end", ErrBackup, header.Name)
	case len(x.sums) == 0 && header.Name != manifestName:
		return fmt.Errorf("%w: it begins with %q", ErrBackup, header.Name)
	case header.Name == manifestName && len(x.sums) == 0:
		return x.readManifest()
	case header.Name == sumsName:
		return x.compare()
	case header.Typeflag != tar.TypeReg || isSparse(header) || !partName.MatchString(header.Name):
		return fmt.Errorf("%w: %q is no part of a store", ErrBackup, header.Name)
	}
	return x.write(header)
}

// isSparse says whether a file has more bytes than the tar file has of it: a few could fill a disk.
func isSparse(header *tar.Header) bool {
	for name := range header.PAXRecords {
		if strings.HasPrefix(name, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// maxText is the largest text of a backup that is read, in bytes.
const maxText = 64 << 20

func (x *extraction) readJSON(name string, v any) error {
	text, err := io.ReadAll(io.LimitReader(x.tar, maxText))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutOff
	}
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrBackup, name, err)
	}
	sum := sha256.Sum256(text)
	x.sums[name] = fmt.Sprintf("%x", sum)
	return nil
}

func (x *extraction) readManifest() error {
	if err := x.readJSON(manifestName, &x.manifest); err != nil {
		return err
	}
	if x.manifest.Format != backupFormat {
		return fmt.Errorf("%w: it has format %d, this program reads %d: use the program that wrote it", ErrBackup, x.manifest.Format, backupFormat)
	}
	return nil
}

// compare checks that what was read is what was written.
func (x *extraction) compare() error {
	var sums map[string]string
	if err := x.readJSON(sumsName, &sums); err != nil {
		return err
	}
	delete(x.sums, sumsName)
	for name, sum := range sums {
		if x.sums[name] != sum {
			if _, there := x.sums[name]; !there {
				return fmt.Errorf("%w: %s is missing from it", ErrBackup, name)
			}
			return fmt.Errorf("%w: %s has changed since it was written", ErrBackup, name)
		}
	}
	if len(x.sums) != len(sums) {
		return fmt.Errorf("%w: it has %d files, and should have %d", ErrBackup, len(x.sums), len(sums))
	}
	x.ended = true
	return nil
}

func (x *extraction) write(header *tar.Header) (err error) {
	to := filepath.Join(x.dir, filepath.FromSlash(header.Name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("%s: %w", header.Name, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	into := &sink{w: io.MultiWriter(file, sum)}
	_, err = io.Copy(into, x.tar)
	switch {
	case into.err != nil:
		return fmt.Errorf("write %s: %w", to, into.err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w, in %s", errCutOff, header.Name)
	case err != nil:
		return fmt.Errorf("%w: %s: %w", ErrBackup, header.Name, err)
	}
	x.sums[header.Name] = hexSum(sum)
	return nil
}

// sink tells an error of writing from one of reading.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}
