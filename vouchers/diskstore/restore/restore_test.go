package restore_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

func TestNobodyOpensAStoreWhereOneIsBeingRestored(t *testing.T) {
	s, _ := selling(t)
	backup := backupOf(t, s)
	for name, there := range map[string]bool{"nothing": false, "a store": true} {
		t.Run("in the place of "+name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "chit.db")
			opens := func() error {
				s, err := diskstore.Open(path)
				if err == nil {
					err = s.Close()
				}
				return err
			}
			if there {
				if err := opens(); err != nil {
					t.Fatal(err)
				}
			}
			_, err := restore.From(bytes.NewReader(backup), path, func(dir string) error {
				if err := opens(); !errors.Is(err, diskstore.ErrInUse) {
					t.Errorf("it is opened meanwhile: %v", err)
				}
				s, err := diskstore.Open(dir) // that of the backup is prepared
				if err == nil {
					err = s.Close()
				}
				return err
			})
			if err = errors.Join(err, opens()); err != nil {
				t.Fatal(err)
			}
			names, err := filepath.Glob(path + "*")
			if want := map[bool]int{false: 2, true: 3}[there]; err != nil || len(names) != want { // the lock, and what was there
				t.Errorf("beside it are %v, %v", names, err)
			}
		})
	}
}

// part is a file of a tar file.
type part struct {
	tar.Header
	body string
}

func tarOf(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, p := range parts {
		p.Mode, p.Size = 0o600, int64(len(p.body))
		if err := w.WriteHeader(&p.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(p.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b.Bytes(), []byte("CNU.sparse"), []byte("GNU.sparse")) // which the library does not write
}

func TestABackupThatSomebodyMadeUpIsRefusedBeforeAnyOfItIsWritten(t *testing.T) {
	manifest := part{tar.Header{Name: "chit-backup.json"}, `{"format":1}`}
	file := func(name string) part { return part{tar.Header{Name: name}, "x"} }
	link := func(kind byte) part {
		return part{tar.Header{Name: "state.db", Typeflag: kind, Linkname: "/etc/passwd"}, ""}
	}
	sparse := part{tar.Header{Name: "x/state.db", Format: tar.FormatPAX, PAXRecords: map[string]string{
		"CNU.sparse.major": "1", "CNU.sparse.minor": "0", "CNU.sparse.name": "state.db", "CNU.sparse.realsize": "1099511627776",
	}}, "0\n" + strings.Repeat("\x00", 510)}
	for name, parts := range map[string][]part{
		"a path out of the folder": {manifest, file("../state.db")}, "one within": {manifest, file("history/../../x")}, "one from the root": {manifest, file("/state.db")},
		"a symbolic link": {manifest, link(tar.TypeSymlink)}, "a hard link": {manifest, link(tar.TypeLink)}, "a pipe": {manifest, link(tar.TypeFifo)},
		"a terabyte of nothing": {manifest, sparse}, "two manifests": {manifest, manifest}, "no manifest": {file("state.db")}, "a lock": {manifest, file("state.db.lock")},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "chit.db")
			if _, err := restore.From(bytes.NewReader(tarOf(t, parts...)), path, nil); !errors.Is(err, backup.ErrNotWhole) {
				t.Errorf("%v", err)
			}
			if names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); err != nil || len(names) != 1 { // the lock
				t.Errorf("there are %v, %v", names, err)
			}
		})
	}
}

func TestABackupWithAFileTwiceIsRefused(t *testing.T) {
	twice := part{tar.Header{Name: "state.db"}, "x"}
	path := filepath.Join(t.TempDir(), "chit.db")
	if _, err := restore.From(bytes.NewReader(tarOf(t, part{tar.Header{Name: "chit-backup.json"}, `{"format":1}`}, twice, twice)), path, nil); err == nil {
		t.Error("it is taken")
	}
}
