package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltstore"
	"go.etcd.io/bbolt"
)

var errDisk = errors.New("the disk is on fire")

func TestTheFirstErrorOfTheDiskEndsTheStore(t *testing.T) {
	var broken atomic.Bool
	s, path := fresh(t, boltstore.WithCommit(func(tx *bbolt.Tx) error {
		if broken.Load() {
			return errDisk
		}
		return tx.Commit()
	}))
	put(t, s, "room", "before", "v")
	broken.Store(true)
	room := s.Bucket("room")
	tickets := []vouchers.Ticket{room.Submit([]byte("a"), []byte("v")), room.Submit([]byte("b"), []byte("v"))}
	for _, ticket := range tickets {
		if err := ticket.Wait(t.Context()); !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(err, errDisk) || !strings.Contains(err.Error(), path) {
			t.Errorf("queued: %v", err)
		}
	}
	broken.Store(false) // a disk that has lost a write once is not trusted again
	for name, err := range map[string]error{"err": s.Err(), "later": room.Put(t.Context(), []byte("c"), []byte("v"))} {
		if !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := room.Get([]byte("before")); string(got) != "v" || err != nil {
		t.Errorf("what was durable reads as %q, %v", got, err)
	}
	for range 2 {
		if err := s.Close(); !errors.Is(err, vouchers.ErrStoreFailed) {
			t.Errorf("close: %v", err)
		}
	}
	s = open(t, path)
	if got, err := s.Bucket("room").Get([]byte("a")); got != nil || err != nil {
		t.Errorf("after a restart what failed reads as %q, %v", got, err)
	}
	closeStore(t, s)
}

func TestAnErrorOfTheLastWriteIsWhatCloseReturns(t *testing.T) {
	begun, fail := make(chan struct{}), make(chan struct{})
	s, _ := fresh(t, boltstore.WithCommit(func(*bbolt.Tx) error {
		close(begun)
		<-fail
		return errDisk
	}))
	ticket := s.Bucket("room").Submit([]byte("k"), []byte("v"))
	<-begun
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	close(fail)
	if err := <-closed; !errors.Is(err, errDisk) {
		t.Errorf("close: %v", err)
	}
	if err := ticket.Wait(context.Background()); !errors.Is(err, vouchers.ErrStoreFailed) {
		t.Errorf("the write: %v", err)
	}
}

func TestOneTransactionServesEverybodyWhoWaits(t *testing.T) {
	begun, release := make(chan struct{}, 10), make(chan struct{})
	var commits atomic.Int32
	s, _ := fresh(t, boltstore.WithCommit(func(tx *bbolt.Tx) error {
		if commits.Add(1) == 1 {
			begun <- struct{}{}
			<-release
		}
		return tx.Commit()
	}))
	room := s.Bucket("room")
	room.Submit([]byte("first"), []byte("v"))
	<-begun
	var tickets []vouchers.Ticket
	for i := range 500 {
		tickets = append(tickets, room.Submit(fmt.Append(nil, i), []byte("v")))
	}
	close(release)
	for _, ticket := range tickets {
		if err := ticket.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := commits.Load(); n != 2 {
		t.Errorf("%d transactions for one write and 500 behind it", n)
	}
	closeStore(t, s)
}

// A child fills its store until the system takes no more of the file: a limit on
// the size of files fails writes as a full disk does.
const (
	fillEnv   = "BOLTSTORE_FILL"
	fillLimit = 1 << 20 // bytes
)

func TestAFullDiskLosesNothingThatWasDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chit.db")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fillEnv+"="+path)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	durable, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil || durable == 0 {
		t.Fatalf("the child says %q", out)
	}
	sound(t, path)
	s := open(t, path)
	room := s.Bucket("room")
	for i := range durable {
		if value, err := room.Get(fmt.Append(nil, i)); len(value) != 10_000 || err != nil {
			t.Errorf("write %d of %d has %d bytes, %v", i, durable, len(value), err)
		}
	}
	put(t, s, "room", "more", "now that there is space")
	closeStore(t, s)
}

// fillUntilFull prints how many writes were durable before one failed.
func fillUntilFull(path string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := boltstore.Open(path)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: fillLimit, Max: fillLimit})
	}
	durable := 0
	for ; err == nil; durable++ {
		err = s.Bucket("room").Put(context.Background(), fmt.Append(nil, durable), make([]byte, 10_000))
	}
	if !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(s.Err(), vouchers.ErrStoreFailed) || !errors.Is(s.Close(), vouchers.ErrStoreFailed) {
		fmt.Println("not a failed store:", err)
		os.Exit(1)
	}
	fmt.Println(durable - 1)
}

func TestWhatIsSubmittedJustBeforeTheStoreClosesIsDurable(t *testing.T) {
	for range 50 {
		s, _ := fresh(t)
		put(t, s, "room", "first", "v") // the writer is on its way to rest
		ticket := s.Bucket("room").Submit([]byte("last"), []byte("v"))
		closeStore(t, s)
		if err := ticket.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
