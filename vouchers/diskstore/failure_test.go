package diskstore_test

import (
	"context"
	"crypto/rand"
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
	"time"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/journal"
)

// at calls fail at one point.
func at(point string, fail func() error) func(string) error {
	return func(now string) error {
		if now == point {
			return fail()
		}
		return nil
	}
}

var errDisk = errors.New("the disk is on fire")

func TestTheFirstErrorOfTheDiskEndsTheStore(t *testing.T) {
	var broken atomic.Bool
	s, path := fresh(t, diskstore.WithFail(at("append.write", func() error {
		if broken.Load() {
			return errDisk
		}
		return nil
	})))
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
	s, _ := fresh(t, diskstore.WithFail(at("append.sync", func() error {
		close(begun)
		<-fail
		return errDisk
	})))
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

func TestOneSyncServesEverybodyWhoWaits(t *testing.T) {
	begun, release := make(chan struct{}, 10), make(chan struct{})
	var syncs atomic.Int32
	s, _ := fresh(t, diskstore.WithFail(at("append.sync", func() error {
		if syncs.Add(1) == 1 {
			begun <- struct{}{}
			<-release
		}
		return nil
	})))
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
	if n := syncs.Load(); n != 2 {
		t.Errorf("%d syncs for one write and 500 behind it", n)
	}
	closeStore(t, s)
}

// A child fills its store until the system takes no more of the file: a limit on
// the size of files fails writes as a full disk does.
const (
	fillEnv   = "DISKSTORE_FILL"
	fillLimit = 1 << 20 // bytes
)

func TestAFullDiskLosesNothingAndTheStoreGoesOnOnceThereIsRoom(t *testing.T) {
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
	closeStore(t, s)
}

// fillUntilFull prints how many writes were durable in the end: those before the disk was
// full, the one that waited then, and one after there was room again.
func fillUntilFull(path string) {
	durable, err := fill(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(durable)
}

func fill(path string) (durable int, err error) {
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return 0, err
	}
	full := make(chan error, 2)
	s, err := diskstore.Open(path, diskstore.OnFull(func(err error) { full <- err }))
	if err != nil {
		return 0, err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: fillLimit, Max: limit.Max}); err != nil {
		return 0, err
	}
	put := func() vouchers.Ticket {
		durable++
		return s.Bucket("room").Submit(fmt.Append(nil, durable-1), random(10_000))
	}
	var waits vouchers.Ticket
	for err = s.Err(); err == nil; err = s.Err() {
		waits = put()
		short, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		go func() {
			_ = waits.Wait(short)
			cancel()
		}()
		select {
		case err = <-full:
			cancel()
		case <-short.Done():
			continue
		}
		break
	}
	if !errors.Is(err, vouchers.ErrStoreFull) || !errors.Is(s.Err(), vouchers.ErrStoreFull) {
		return 0, fmt.Errorf("not a full disk: %w, %w", err, s.Err())
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return 0, err
	}
	if err := errors.Join(waits.Wait(context.Background()), <-full, s.Err()); err != nil {
		return 0, fmt.Errorf("once there is room: %w", err)
	}
	return durable, errors.Join(put().Wait(context.Background()), s.Close())
}

// random is bytes that cannot be packed.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // which never fails
	return b
}

func TestAStoreThatIsClosedWhileTheDiskIsFullSaysWhatIsNotWritten(t *testing.T) {
	full := make(chan error, 1)
	s, path := fresh(t, diskstore.OnFull(func(err error) { full <- err }), diskstore.WithFail(at("append.write", func() error { return syscall.ENOSPC })))
	ticket := s.Bucket("room").Submit([]byte("k"), []byte("v"))
	if err := <-full; !errors.Is(err, vouchers.ErrStoreFull) || !strings.Contains(err.Error(), path) {
		t.Errorf("told %v", err)
	}
	if err := s.Close(); !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("close: %v", err)
	}
	if err := ticket.Wait(t.Context()); !errors.Is(err, vouchers.ErrStoreFailed) {
		t.Errorf("the write: %v", err)
	}
}

func TestWhatDidNotFitIsWrittenOnceThereIsRoom(t *testing.T) {
	for name, torn := range map[string]int{"at once": 0, "in its header": 5, "in its middle": 60} {
		var full atomic.Bool
		s, path := fresh(t, diskstore.WithFail(at("append.write", func() error {
			if full.CompareAndSwap(true, false) {
				return &journal.ShortWrite{Bytes: torn, Err: syscall.ENOSPC}
			}
			return nil
		})))
		full.Store(true)
		submit(t, s, channel(1))
		closeStore(t, s)
		sound(t, path)
		s = open(t, path)
		if found := channels(t, s); len(found) != 1 {
			t.Errorf("%s: %d channels", name, len(found))
		}
		closeStore(t, s)
	}
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

func TestTheWriterRunsNoFurtherAheadOfTheCheckpointThanMemoryIsMeantFor(t *testing.T) {
	const checkpoint = 10_000
	hold, held := make(chan struct{}), make(chan struct{}, 1)
	s, path := fresh(t, diskstore.WithSegments(1<<20, checkpoint), diskstore.WithFail(at("checkpoint", func() error {
		select {
		case held <- struct{}{}:
		default:
		}
		<-hold
		return nil
	})))
	var last vouchers.Ticket
	for i := range 1000 { // 10 MB in all
		last = s.Bucket("room").Submit(fmt.Append(nil, i), random(10_000))
		if i == 20 {
			<-held
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := last.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while no checkpoint is written the last of 10 MB is durable: %v", err)
	}
	close(hold)
	if err := last.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	sound(t, path)
}
