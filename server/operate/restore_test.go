package operate_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chitpay/chit/server/books"
	"github.com/chitpay/chit/server/operate"
	"github.com/chitpay/chit/server/shoptest"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/backup"
)

// The test binary runs itself with these set: that child restores a store from a backup, over and
// over, until it is killed.
const (
	restorePathEnv = "OPERATE_RESTORE_PATH"
	restoreFromEnv = "OPERATE_RESTORE_FROM"
)

func restoreUntilKilled() {
	place := operate.Place{Store: os.Getenv(restorePathEnv)}
	for {
		if _, err := place.RestoreStore(context.Background(), os.Getenv(restoreFromEnv)); err != nil {
			panic(err)
		}
		if _, err := os.Stdout.WriteString("restored\n"); err != nil {
			return
		}
	}
}

// backedUp is the store of a shop that has sold one call and is closed, and a backup of it.
func backedUp(t testing.TB) (place operate.Place, backup string) {
	t.Helper()
	shop := sold(t)
	place, backup = operate.Place{Store: shop.Options.Store}, filepath.Join(t.TempDir(), "backup")
	file, err := os.Create(backup)
	if err != nil {
		t.Fatal(err)
	}
	_, err = shop.Backup(t.Context(), file)
	if err = errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := place.RestoreStore(t.Context(), backup); !errors.Is(err, diskstore.ErrInUse) {
		t.Errorf("while the shop runs: %v", err)
	}
	shop.Stop(t)
	return place, backup
}

// epochOf is that of a store, which has the call that was sold.
func epochOf(t testing.TB, path string) uint64 {
	t.Helper()
	store, err := books.OpenStore(path, diskstore.MustExist())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	epoch, err := vouchers.Epoch(store)
	if err != nil {
		t.Fatal(err)
	}
	charged := vouchers.Amount(0)
	if err := store.Load(t.Context(), func(r *vouchers.Record) error { charged += r.Charged; return nil }); err != nil || charged != bought {
		t.Fatalf("charged %s, %v", charged, err)
	}
	return epoch
}

func TestARestoredStoreOpensTheEpochAboveItsBackupsAndThatOfTheOneItReplaces(t *testing.T) {
	place, backup := backedUp(t)
	for epoch := uint64(1); epoch <= 3; epoch++ {
		done, err := place.RestoreStore(t.Context(), backup)
		if err != nil {
			t.Fatal(err)
		}
		if done.Epoch != epoch || done.Channels != 1 || done.Unclaimed != bought || done.Open != shoptest.USDC-bought || done.Unread != "" || time.Since(done.Taken) > time.Hour {
			t.Errorf("%+v", done)
		}
		if got := epochOf(t, place.Store); got != epoch {
			t.Errorf("the store is in epoch %d", got)
		}
		if got := epochOf(t, done.Kept); got != epoch-1 {
			t.Errorf("what was replaced is in epoch %d", got)
		}
	}
	if err := os.RemoveAll(place.Store); err != nil {
		t.Fatal(err)
	}
	done, err := place.RestoreStore(t.Context(), backup)
	if err != nil || done.Kept != "" || done.Epoch != 1 || done.Unread != "" {
		t.Errorf("where there was none: %+v, %v", done, err)
	}
	if err := os.WriteFile(filepath.Join(place.Store, "state.db"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	done, err = place.RestoreStore(t.Context(), backup)
	if err != nil || done.Kept == "" || done.Unread == "" {
		t.Errorf("where it was damaged: %+v, %v", done, err)
	}
}

func TestABackupThatIsDamagedIsRefusedAndTheStoreIsAsItWas(t *testing.T) {
	place, file := backedUp(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{"cut off": whole[:len(whole)-4096], "flipped": flipped, "empty": nil, "text": []byte("no backup")} {
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := place.RestoreStore(t.Context(), bad); !errors.Is(err, backup.ErrNotWhole) || !strings.Contains(err.Error(), place.Store) {
			t.Errorf("%s: %v", name, err)
		}
		if got := epochOf(t, place.Store); got != 0 {
			t.Errorf("%s: the store is in epoch %d", name, got)
		}
	}
	if _, err := place.RestoreStore(t.Context(), file+"2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	left, err := filepath.Glob(place.Store + "*")
	if err != nil || len(left) > 2 { // the store and its lock
		t.Errorf("%q are left, %v", left, err)
	}
}

// stages are what is there, beside a store, while another one takes its place.
var stages = []string{".new", ".new/state.db", ".new/history", ".ready"}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestARestoreThatIsKilledLeavesAWholeStoreAndRisingEpochs(t *testing.T) {
	place, backup := backedUp(t)
	last := uint64(0)
	for cycle := range 12 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), restorePathEnv+"="+place.Store, restoreFromEnv+"="+backup)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("restored\n"))); err != nil {
			t.Fatal(err)
		}
		for !isThere(place.Store + stages[cycle%len(stages)]) { // in the middle of the next one
			runtime.Gosched()
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, out)
		if err := child.Wait(); err == nil {
			t.Fatal("the child has ended by itself")
		}
		epoch := epochOf(t, place.Store)
		if epoch <= last {
			t.Fatalf("cycle %d: epoch %d after %d", cycle, epoch, last)
		}
		done, err := place.RestoreStore(t.Context(), backup)
		if err != nil || done.Epoch <= epoch {
			t.Fatalf("cycle %d: %+v, %v", cycle, done, err)
		}
		last = done.Epoch
	}
}
