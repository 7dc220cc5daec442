package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrNotWhole is what a file is refused with that is no backup, or one that is damaged or cut off.
var ErrNotWhole = errors.New("not a backup that is whole")

// partName is what the files of a backup are called.
var partName = regexp.MustCompile(`^(state\.db|(journal|history|answers)/[0-9a-zA-Z][0-9a-zA-Z.-]{0,63})$`)

// Extract puts the files of a backup into a folder, and checks that they are all there and as
// they were. The error wraps [ErrNotWhole] where they are not.
func Extract(r io.Reader, dir string) (m Manifest, err error) {
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

var errCutOff = fmt.Errorf("%w: it is cut off", ErrNotWhole)

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
		return fmt.Errorf("%w: it is nothing that `chit store backup` has written, or compressed: then decompress it first", ErrNotWhole)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case err != nil:
		return fmt.Errorf("%w: it has changed since it was written: %w", ErrNotWhole, err)
	case x.ended:
		return fmt.Errorf("%w: %q follows its end", ErrNotWhole, header.Name)
	case len(x.sums) == 0 && header.Name != manifestName:
		return fmt.Errorf("%w: it begins with %q", ErrNotWhole, header.Name)
	case header.Name == manifestName && len(x.sums) == 0:
		return x.readManifest()
	case header.Name == sumsName:
		return x.compare()
	case header.Typeflag != tar.TypeReg || isSparse(header) || !partName.MatchString(header.Name):
		return fmt.Errorf("%w: %q is no part of a store", ErrNotWhole, header.Name)
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
		return fmt.Errorf("%w: %s: %w", ErrNotWhole, name, err)
	}
	sum := sha256.Sum256(text)
	x.sums[name] = fmt.Sprintf("%x", sum)
	return nil
}

func (x *extraction) readManifest() error {
	if err := x.readJSON(manifestName, &x.manifest); err != nil {
		return err
	}
	if x.manifest.Format != format {
		return fmt.Errorf("%w: it has format %d, this program reads %d: use the program that wrote it", ErrNotWhole, x.manifest.Format, format)
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
				return fmt.Errorf("%w: %s is missing from it", ErrNotWhole, name)
			}
			return fmt.Errorf("%w: %s has changed since it was written", ErrNotWhole, name)
		}
	}
	if len(x.sums) != len(sums) {
		return fmt.Errorf("%w: it has %d files, and should have %d", ErrNotWhole, len(x.sums), len(sums))
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
		return fmt.Errorf("%w: %s: %w", ErrNotWhole, header.Name, err)
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
