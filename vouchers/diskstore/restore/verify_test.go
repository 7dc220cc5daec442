package restore_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

// selling is a store that is open, with something in its journal.
func selling(t testing.TB) (s *diskstore.Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "chit.db")
	s, err := diskstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for i := range 40 {
		if err := s.Bucket("room").Put(t.Context(), []byte{byte(i)}, bytes.Repeat([]byte("value"), 100)); err != nil {
			t.Fatal(err)
		}
	}
	return s, path
}

func backupOf(t testing.TB, s *diskstore.Store) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := s.Backup(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func written(t testing.TB, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// damage changes what stands in the middle of a store's journal.
func damage(t testing.TB, path string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(path, "journal", "*"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	file, err := os.OpenFile(segments[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte("damaged"), 1000)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestABackupThatIsNotWholeOrNotSoundSaysWhy(t *testing.T) {
	s, path := selling(t)
	whole := backupOf(t, s)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	other := bytes.Replace(whole, []byte(`"format": 1`), []byte(`"format": 7`), 1)
	damage(t, path)
	damaged := backupOf(t, s)
	t.Setenv("TMPDIR", t.TempDir())
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"nothing":                {nil, "cut off"},
		"a text":                 {[]byte("a shop's list of things to do"), "nothing that `chit store backup` has written"},
		"cut off in a file":      {whole[:len(whole)/2], "cut off"},
		"cut off between files":  {whole[:len(whole)-len(whole)%512-8*512], "cut off"},
		"changed":                {flipped, "has changed"},
		"of another format":      {other, "format 7, this program reads 1"},
		"with more after it":     {append(bytes.Clone(whole[:len(whole)-1024]), whole...), "follows its end"},
		"of a store with damage": {damaged, "damaged when it was taken: "},
	} {
		file := written(t, c.content)
		_, err := restore.Verify(t.Context(), file, nil)
		if !errors.Is(err, backup.ErrNotWhole) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := restore.Verify(t.Context(), path, nil); !errors.Is(err, backup.ErrNotWhole) || !strings.Contains(err.Error(), "chit store check "+path) {
		t.Errorf("a folder: %v", err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
