package diskstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/journal"
)

// points are the steps at which a disk can fail; torn is how much of a frame is written before.
var points = []struct {
	name string
	torn int
}{
	{"append.write", 0}, {"append.write", 1}, {"append.write", 12}, {"append.write", 60}, {"append.write", 400}, {"append.sync", 0},
	{"roll.create", 0}, {"roll.sync", 0}, {"remove", 0},
	{"checkpoint", 0}, {"checkpointed", 0}, {"seal", 0}, {"sealed answers", 0}, {"sealed", 0},
}

// sale is the n-th sale of a channel, with everything that may come with one.
func sale(n int) vouchers.Update {
	u := channel(1)
	u.Record.Charged, u.Record.Ceiling = vouchers.Amount(n+1), vouchers.Amount(n+1)
	u.Entry = &vouchers.Entry{
		Channel: u.Record.ID, Number: uint64(n), Digest: digest(n), Cumulative: vouchers.Amount(n), Time: uint32(n), Value: random(100),
	}
	if n > 1 {
		u.Entry.Previous = digest(n - 1)
	}
	u.Answer = &vouchers.Answer{Key: vouchers.AnswerKey{byte(n), byte(n >> 8)}, Expires: time.Now().Add(time.Hour), Body: fmt.Append(nil, n)}
	u.Puts = []vouchers.Put{{Bucket: "room", Key: fmt.Appendf(nil, "%06d", n), Value: fmt.Append(nil, n)}}
	return u
}

func digest(n int) common.Hash { return common.Hash{byte(n), byte(n >> 8), 31: 1} }

// holds checks that the store has the sales up to some number, durable at least, each once and
// whole, and returns how many.
func holds(t testing.TB, s *diskstore.Store, durable int) (n int) {
	t.Helper()
	id := channel(1).Record.ID
	err := s.History().Walk(t.Context(), id, 0, func(l *vouchers.Line) error {
		n++
		previous := common.Hash{}
		if n > 1 {
			previous = digest(n - 1)
		}
		if l.Number != uint64(n) || l.Digest != digest(n) || l.Previous != previous {
			return fmt.Errorf("entry %d is %+v", n, l.Entry)
		}
		batch, err := l.Attested()
		if err == nil && batch.Leaves[l.Leaf] != l.Digest {
			err = fmt.Errorf("entry %d is not in its batch", n)
		}
		return err
	})
	if err != nil || n < durable {
		t.Fatalf("%d sales, of which %d were durable: %v", n, durable, err)
	}
	head, err := s.History().Head(id)
	if err != nil || head.Number != uint64(n) {
		t.Errorf("the head is %+v, %v, want number %d", head, err, n)
	}
	rooms := 0
	err = s.Bucket("room").ForEach(nil, func(_, value []byte) error {
		if rooms++; string(value) != strconv.Itoa(rooms) {
			return fmt.Errorf("put %d is %q", rooms, value)
		}
		return nil
	})
	if err != nil || rooms != n {
		t.Errorf("%d puts of %d sales, %v", rooms, n, err)
	}
	for i := 1; i <= n; i++ {
		if a, found, err := s.Answer(vouchers.AnswerKey{byte(i), byte(i >> 8)}); !found || err != nil || string(a.Body) != strconv.Itoa(i) {
			t.Fatalf("answer %d is %+v, %t, %v", i, a, found, err)
		}
	}
	if n == 0 {
		return 0
	}
	err = s.Load(t.Context(), func(r *vouchers.Record) error {
		if r.ID != id || r.Charged != vouchers.Amount(n+1) {
			t.Errorf("channel %s was charged %d, want %d", r.ID, r.Charged, n+1)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return n
}

// tiny makes segments of a few sales, so that all steps come often.
func tiny() diskstore.Option { return diskstore.WithSegments(900, 1800) }

// sells makes sales, from the one after n on, and settles in between, until the store fails or
// has made so many; it returns up to which they are durable.
func sells(s *diskstore.Store, n, many int) (durable int) {
	for durable = n; durable < n+many && s.Submit(sale(durable+1)).Wait(background) == nil; durable++ {
		if durable%4 == 3 {
			s.Settle()
		}
	}
	return durable
}

func TestAnErrorAtAnyStepEndsTheStoreAndLosesNothing(t *testing.T) {
	for _, p := range points {
		t.Run(fmt.Sprintf("%s %d", p.name, p.torn), func(t *testing.T) {
			t.Parallel()
			var left atomic.Int32
			left.Store(3)
			s, path := fresh(t, tiny(), diskstore.WithFail(at(p.name, func() error {
				if left.Add(-1) == 0 {
					return torn(p.torn, syscall.EIO)
				}
				return nil
			})))
			s.Attest(attest)
			durable := sells(s, 0, 200)
			if durable >= 200 {
				t.Fatal("the step has never come")
			}
			if err := s.Err(); !errors.Is(err, vouchers.ErrStoreFailed) || !errors.Is(err, syscall.EIO) {
				t.Errorf("the store says %v", err)
			}
			if err := s.Close(); !errors.Is(err, syscall.EIO) {
				t.Errorf("close: %v", err)
			}
			goesOn(t, path, durable)
		})
	}
}

// goesOn opens a store, which has so many sales and at most one more, and sells in it.
func goesOn(t *testing.T, path string, durable int) {
	t.Helper()
	s := open(t, path, tiny())
	s.Attest(attest)
	n := holds(t, s, durable)
	if n > durable+1 {
		t.Errorf("%d sales, of which %d were submitted", n, durable+1)
	}
	if sells(s, n, 20) != n+20 {
		t.Errorf("it sells no more: %v", s.Err())
	}
	s.Settle()
	holds(t, s, n+20)
	closeStore(t, s)
	sound(t, path)
}

func torn(bytes int, err error) error {
	if bytes > 0 {
		return &journal.ShortWrite{Bytes: bytes, Err: err}
	}
	return err
}

func TestAFullDiskAtAnyStepLosesNothingAndTheStoreGoesOn(t *testing.T) {
	for _, p := range points {
		if p.name == "append.sync" || p.name == "roll.sync" {
			continue // what the disk has then is not known: see the next test
		}
		t.Run(fmt.Sprintf("%s %d", p.name, p.torn), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			full := make(chan error, 100)
			s, path := fresh(t, tiny(), diskstore.OnFull(func(err error) { full <- err }), diskstore.WithFail(at(p.name, func() error {
				if n := calls.Add(1); n == 3 || n == 4 {
					return torn(p.torn, syscall.ENOSPC)
				}
				return nil
			})))
			s.Attest(attest)
			if durable := sells(s, 0, 60); durable != 60 {
				t.Fatalf("it ends after %d: %v", durable, s.Err())
			}
			s.Settle()
			if err := <-full; !errors.Is(err, vouchers.ErrStoreFull) {
				t.Errorf("told %v", err)
			}
			for s.Err() != nil {
				if err := <-full; err != nil && !errors.Is(err, vouchers.ErrStoreFull) {
					t.Fatal(err)
				}
			}
			holds(t, s, 60)
			closeStore(t, s)
			goesOn(t, path, 60)
		})
	}
}

func TestASyncThatFindsNoRoomEndsTheStore(t *testing.T) {
	for _, point := range []string{"append.sync", "roll.sync", "append.back"} {
		var left atomic.Int32
		left.Store(3)
		s, path := fresh(t, tiny(), diskstore.WithFail(func(now string) error {
			if point == "append.back" && now == "append.write" && left.Load() == 3 {
				left.Store(1)
				return &journal.ShortWrite{Bytes: 30, Err: syscall.ENOSPC}
			}
			if now == point && left.Add(-1) == 0 {
				return syscall.ENOSPC
			}
			return nil
		}))
		s.Attest(attest)
		durable := sells(s, 0, 200)
		if err := s.Err(); !errors.Is(err, vouchers.ErrStoreFailed) {
			t.Errorf("%s: the store says %v", point, err)
		}
		if err := s.Close(); !errors.Is(err, vouchers.ErrStoreFailed) {
			t.Errorf("%s: close: %v", point, err)
		}
		goesOn(t, path, durable)
	}
}

// A child sells in a store until it comes to a step for the n-th time, and kills itself there.
const (
	pathEnv  = "DISKSTORE_KILL"
	pointEnv = "DISKSTORE_POINT"
	cycleEnv = "CRASH_CYCLES" // how often a child dies in all
)

func TestAProcessThatDiesAtAnyStepLosesNothing(t *testing.T) {
	cycles := rounds(t, 2)
	path := filepath.Join(t.TempDir(), "chit.db")
	durable, kills := 0, 0
	for range cycles {
		for _, p := range points {
			durable = dieAt(t, path, fmt.Sprintf("%s/%d/%d", p.name, p.torn, kills%5+1), durable)
			s := open(t, path, tiny())
			durable = holds(t, s, durable)
			closeStore(t, s)
			sound(t, path)
			kills++
		}
	}
	t.Logf("kills=%d sales=%d lost=0 double=0", kills, durable)
}

// rounds is how often each point is died at, unless the environment says how often in all.
func rounds(t *testing.T, otherwise int) int {
	text := os.Getenv(cycleEnv)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return max(1, n/len(points))
}

// dieAt runs a child until it dies, and returns what it said to be durable.
func dieAt(t *testing.T, path, point string, durable int) int {
	t.Helper()
	runUntilKilled(t, point, []string{pathEnv + "=" + path}, func(line string) {
		if n, err := strconv.Atoi(line); err == nil {
			durable = n
		}
	})
	return durable
}

// runUntilKilled runs a child until it dies at the point, and hands on each whole line that it
// prints.
func runUntilKilled(t *testing.T, point string, env []string, line func(string)) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), pointEnv+"="+point), env...)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line(lines.Text())
	}
	exit := new(exec.ExitError)
	if err := child.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("at %s the child ended with %v", point, err)
	}
}

// dies kills the process when it comes to a point: its name, how much of the frame is written
// before, and the how many-th time.
func dies(point string) diskstore.Option {
	name, rest, _ := strings.Cut(point, "/")
	bytes, times, _ := strings.Cut(rest, "/")
	short, _ := strconv.Atoi(bytes)
	left, _ := strconv.Atoi(times)
	var mu sync.Mutex
	die := func() error {
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 {
			if short == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return torn(short, errDies)
		}
		return nil
	}
	return diskstore.WithFail(func(now string) error {
		switch {
		case now == "append.back" && name == "append.write" && left <= 0:
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // what was written of the frame stays
			select {}
		case now == name:
			return die()
		}
		return nil
	})
}

func sellUntilKilled(path, point string) {
	s, err := diskstore.Open(path, tiny(), dies(point))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s.Attest(attest)
	head, err := s.History().Head(channel(1).Record.ID)
	for n := int(head.Number) + 1; err == nil; n++ {
		if err = s.Submit(sale(n)).Wait(background); err == nil {
			fmt.Println(n)
		}
		if n%4 == 3 {
			s.Settle()
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

var background = context.Background()

var errDies = errors.New("the process dies")
