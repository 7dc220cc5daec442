package migrate_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/migrate"
)

// A store of version 1 as it was written: one bbolt file, each value with its version and the
// checksum of its key and of what follows.
const (
	formerChannels = 30
	formerReceipts = 40 // of each channel
)

// sealed is a value as a file of version 1 has it.
func sealed(version byte, key, body []byte) []byte {
	sum := crc32.Checksum(append(bytes.Clone(key), body...), crc32.MakeTable(crc32.Castagnoli))
	return append(binary.BigEndian.AppendUint32([]byte{version}, sum), body...)
}

func formerChannel(n int) vouchers.ChannelID { return vouchers.ChannelID{byte(n), 7, 31: 1} }

func formerDigest(n, number int) common.Hash { return common.Hash{byte(n), byte(number), 31: 9} }

// formerTime is when a receipt was issued: the clock was set back once.
func formerTime(n, number int) uint32 {
	if number == 20 {
		return 1_700_000_000
	}
	return uint32(1_700_000_000 + 100*number + n)
}

// former writes a store of version 1.
func former(t testing.TB, expires time.Time) (path string, raw []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "chit.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		put := func(version byte, key, body []byte, names ...string) {
			b, err := tx.CreateBucketIfNotExists([]byte(names[0]))
			for _, name := range names[1:] {
				if err == nil {
					b, err = b.CreateBucketIfNotExists([]byte(name))
				}
			}
			if err == nil {
				err = b.Put(key, sealed(version, key, body))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		put(1, make([]byte, 4), append(binary.BigEndian.AppendUint64(nil, 8453), make([]byte, 88)...), "terms")
		for n := range formerChannels {
			id := formerChannel(n)
			put(1, id[:], formerRecord(n), "channels")
			for number := 1; number <= formerReceipts; number++ {
				put(1, binary.BigEndian.AppendUint64(bytes.Clone(id[:]), uint64(number)), []byte{byte(n), byte(number)}, "rooms", "receipts")
			}
			put(1, fmt.Append(nil, "key ", n), fmt.Append(nil, "value ", n), "rooms", "room")
			key := vouchers.AnswerKey{byte(n)}
			answer := binary.BigEndian.AppendUint64(make([]byte, 32), 5)
			answer = append(binary.BigEndian.AppendUint64(answer, uint64(expires.Unix())), 0)
			put(1, key[:], fmt.Append(answer, "answer ", n), "answers")
		}
		format, err := tx.CreateBucketIfNotExists([]byte("chit"))
		if err != nil {
			return err
		}
		return format.Put([]byte("version"), []byte{0, 0, 0, 1})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return path, raw
}

// formerRecord is a channel of version 1, without a signature.
func formerRecord(n int) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, 0), make([]byte, 20+20+32)...)
	b[4] = byte(n + 1) // payer
	for _, v := range []uint64{900, 100, 400, 0, 500, 0, 0, 1, 2} {
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return append(binary.BigEndian.AppendUint32(b, 1_700_000_000), 0, 0)
}

// readFormer reads the receipts of that store.
func readFormer(key, value []byte) (*vouchers.Entry, error) {
	n, number := int(value[0]), int(value[1])
	e := &vouchers.Entry{
		Channel: vouchers.ChannelID(key[:32]), Number: binary.BigEndian.Uint64(key[32:]), Digest: formerDigest(n, number),
		Cumulative: vouchers.Amount(10 * number), Time: formerTime(n, number), Value: value,
	}
	if number > 1 {
		e.Previous = formerDigest(n, number-1)
	}
	return e, nil
}

// hasFormer checks that a store has all that was in that of version 1.
func hasFormer(t *testing.T, s *diskstore.Store) {
	t.Helper()
	found := 0
	if err := s.Load(t.Context(), func(*vouchers.Record) error { found++; return nil }); err != nil || found != formerChannels {
		t.Errorf("%d channels, want %d, %v", found, formerChannels, err)
	}
	for n := range formerChannels {
		number := 0
		err := s.History().Walk(t.Context(), formerChannel(n), 0, func(l *vouchers.Line) error {
			number++
			batch, err := l.Attested()
			want, _ := readFormer(append(bytes.Clone(l.Channel[:]), 0, 0, 0, 0, 0, 0, 0, byte(number)), []byte{byte(n), byte(number)})
			if batch != nil || l.Number != want.Number || l.Digest != want.Digest || l.Previous != want.Previous || l.Cumulative != want.Cumulative || l.Time != want.Time || !bytes.Equal(l.Value, want.Value) {
				return fmt.Errorf("%+v, want %+v", l.Entry, want)
			}
			return err
		})
		if err != nil || number != formerReceipts {
			t.Fatalf("channel %d has %d receipts, %v", n, number, err)
		}
		if head, err := s.History().Head(formerChannel(n)); err != nil || head.Number != formerReceipts || head.Digest != formerDigest(n, formerReceipts) {
			t.Errorf("the head of channel %d is %+v, %v", n, head, err)
		}
		if v, err := s.Bucket("room").Get(fmt.Append(nil, "key ", n)); err != nil || string(v) != fmt.Sprint("value ", n) {
			t.Errorf("the room has %q, %v", v, err)
		}
		if a, found, err := s.Answer(vouchers.AnswerKey{byte(n)}); err != nil || !found || string(a.Body) != fmt.Sprint("answer ", n) || a.Ceiling != 5 {
			t.Errorf("answer %d is %+v, %t, %v", n, a, found, err)
		}
	}
	err := s.Bucket("receipts").ForEach(nil, func(key, _ []byte) error { return fmt.Errorf("receipt %x is a value of a room still", key) })
	if err != nil {
		t.Error(err)
	}
}

// migrated opens a store of version 1, or one that was, as a seller does.
func migrated(t *testing.T, path string) *diskstore.Store {
	t.Helper()
	s, err := diskstore.Open(path, diskstore.WithFormerReceipts(readFormer), diskstore.MustExist())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *diskstore.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// sound fails the test if anything is wrong with a store.
func sound(t testing.TB, path string) {
	t.Helper()
	if report, err := inspect.Check(t.Context(), path, nil); err != nil || len(report.Problems) > 0 {
		t.Fatalf("check: %v, %q", err, report.Problems)
	}
}

// options are those of a migration into several tables.
func options(read migrate.Receipt) migrate.Options {
	return migrate.Options{Now: time.Now, Receipt: read, TableEntries: 256}
}

// isKept checks that the file of version 1 is beside the store, once, as it was.
func isKept(t *testing.T, path string, raw []byte) {
	t.Helper()
	kept, err := os.ReadFile(path + ".v1")
	if err != nil || !bytes.Equal(kept, raw) {
		t.Errorf("what is kept of version 1 is not as it was: %v", err)
	}
	for _, name := range []string{path + ".v1.2", path + ".new", path + ".ready"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s is there", name)
		}
	}
}

func TestAStoreOfVersion1IsMigratedOnceAndKept(t *testing.T) {
	path, raw := former(t, time.Now().Add(time.Hour))
	if err := migrate.Run(path, options(readFormer)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := migrated(t, path)
		hasFormer(t, s)
		closeStore(t, s)
		isKept(t, path, raw)
		sound(t, path)
	}
	if tables, err := filepath.Glob(filepath.Join(path, "history", "*")); err != nil || len(tables) != 5 { // of 1200 receipts, 256 in each
		t.Errorf("%d tables, %v", len(tables), err)
	}
	s := migrated(t, path)
	s.Attest(func(_ context.Context, leaves []common.Hash) ([]byte, error) { return leaves[0][:], nil })
	err := s.Submit(vouchers.Update{Entry: &vouchers.Entry{
		Channel: formerChannel(1), Number: formerReceipts + 1, Digest: formerDigest(1, formerReceipts+1), Previous: formerDigest(1, formerReceipts), Time: 1_800_000_000,
	}}).Wait(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	sound(t, path)
}

func TestAMigrationThatIsCutOffIsBegunAgainOrFinished(t *testing.T) {
	whole, raw := former(t, time.Now().Add(time.Hour))
	closeStore(t, migrated(t, whole))
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, cut := range map[string]func(path string){
		"while it was made": func(path string) {
			move(path, path+".new")
			if err := os.Truncate(filepath.Join(path+".new", "state.db"), 100); err != nil {
				t.Fatal(err)
			}
			move(path+".v1", path)
		},
		"once it was whole": func(path string) {
			move(path, path+".ready")
			move(path+".v1", path)
		},
		"once the old one was moved away": func(path string) { move(path, path+".ready") },
	} {
		path := filepath.Join(t.TempDir(), "chit.db")
		if err := errors.Join(os.CopyFS(path, os.DirFS(whole)), os.WriteFile(path+".v1", raw, 0o600)); err != nil {
			t.Fatal(err)
		}
		cut(path)
		s := migrated(t, path)
		hasFormer(t, s)
		closeStore(t, s)
		isKept(t, path, raw)
		if t.Failed() {
			t.Fatalf("cut off %s", name)
		}
	}
}

func TestAMigrationThatFailsLeavesTheStoreAsItWas(t *testing.T) {
	path, raw := former(t, time.Now().Add(time.Hour))
	for _, after := range []int{0, 700, 1300, 2000} {
		left := after
		err := migrate.Run(path, options(func(key, value []byte) (*vouchers.Entry, error) {
			if left--; left < 0 {
				return nil, syscall.ENOSPC
			}
			return readFormer(key, value)
		}))
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("after %d receipts: %v", after, err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, raw) {
			t.Errorf("after %d receipts the file is not as it was: %v", after, err)
		}
		if _, err := os.Stat(path + ".new"); err == nil {
			t.Errorf("after %d receipts what was begun is there", after)
		}
	}
	s := migrated(t, path)
	hasFormer(t, s)
	closeStore(t, s)
	isKept(t, path, raw)
}

func TestAProgramOfVersion1RefusesTheFolderAndChangesNothing(t *testing.T) {
	path, raw := former(t, time.Now().Add(time.Hour))
	closeStore(t, migrated(t, path))
	for range 2 {
		db, err := boltfile.Open(path, new(bbolt.Options)) // as that program opens its store
		if err == nil {
			err = errors.Join(errors.New("the folder is opened"), db.Close())
		}
		if !errors.Is(err, syscall.EISDIR) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v", err)
		}
	}
	s := migrated(t, path)
	hasFormer(t, s)
	closeStore(t, s)
	isKept(t, path, raw)
}
