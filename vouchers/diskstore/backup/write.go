package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// Manifest is what a backup says of itself.
type Manifest struct {
	// Format is the version of the backup's form: 1.
	Format int `json:"format"`
	// Taken is when the store was as the backup has it.
	Taken time.Time `json:"taken"`
}

const (
	format       = 1
	manifestName = "chit-backup.json"
	sumsName     = "chit-backup.sums.json"
)

// Writer writes a backup.
type Writer struct {
	tar   *tar.Writer
	taken time.Time
	sums  map[string]string // SHA-256 by name, in hex
}

// NewWriter begins a backup of a store as it was when it was taken.
func NewWriter(w io.Writer, taken time.Time) (*Writer, error) {
	b := &Writer{tar: tar.NewWriter(w), taken: taken, sums: map[string]string{}}
	return b, b.addJSON(manifestName, Manifest{format, taken.UTC()})
}

// Add adds the file with a name in the store's folder, whose size in bytes is what write writes.
func (b *Writer) Add(name string, size int64, write func(io.Writer) (int64, error)) error {
	const mode = 0o600
	if err := b.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: mode, ModTime: b.taken}); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.New()
	if _, err := write(io.MultiWriter(b.tar, sum)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.sums[name] = hexSum(sum)
	return nil
}

// Close ends the backup with the checksums. It does not close what it was written to.
func (b *Writer) Close() error { return errors.Join(b.addJSON(sumsName, b.sums), b.tar.Close()) }

func (b *Writer) addJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return b.Add(name, int64(len(text)), func(w io.Writer) (int64, error) {
		n, err := w.Write(text)
		return int64(n), err
	})
}

func hexSum(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)) }
