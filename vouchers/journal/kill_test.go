package journal_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/chitpay/chit/vouchers/journal"
)

// The test binary runs itself with this set to a folder: that child appends numbered records to the journal in it, rolls and
// removes segments, and prints each number once it has returned, until it is killed from outside or, in some runs, in the midst
// of a write of its own.
const childEnv = "CHIT_JOURNAL_CHILD"

const keptSegments = 3

// numbered is a record whose length and bytes follow from its number.
func numbered(n uint64) []byte {
	source := rand.New(rand.NewPCG(n, 1))
	record := binary.BigEndian.AppendUint64(nil, n)
	for range source.IntN(2000) {
		record = append(record, byte(source.Uint32()))
	}
	return record
}

// checkNumbered are the first and the last number of a journal, whose records follow one another without a gap.
func checkNumbered(t testing.TB, j *journal.Journal) (first, last uint64) {
	t.Helper()
	err := j.Replay(journal.Position{}, func(at journal.Position, record []byte) error {
		n := binary.BigEndian.Uint64(record)
		if first == 0 {
			first, last = n, n-1
		}
		if n != last+1 || !bytes.Equal(record, numbered(n)) {
			return fmt.Errorf("at %v stands %d behind %d", at, n, last)
		}
		last = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, last
}

func appendUntilKilled(dir string) {
	if err := appending(dir); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func appending(dir string) error {
	writes := 0
	last := 20 + rand.IntN(400)
	j, err := journal.Open(dir, journal.Options{Ahead: []int64{-1, 3000, 0}[rand.IntN(3)], Fail: func(point string) error {
		if point == "append.write" {
			writes++
		}
		switch {
		case writes < last:
			return nil
		case point == "append.write":
			return &journal.ShortWrite{Bytes: rand.IntN(2000), Err: syscall.EIO}
		default:
			return killSelf()
		}
	}})
	if err != nil {
		return err
	}
	var n uint64
	err = j.Replay(journal.Position{}, func(_ journal.Position, record []byte) error {
		n = binary.BigEndian.Uint64(record)
		return nil
	})
	for err == nil {
		n++
		_, err = j.Append(numbered(n))
		if err == nil {
			_, err = fmt.Println(n)
		}
		if err == nil && rand.IntN(30) == 0 {
			_, err = j.Roll()
		}
		if segments := j.Segments(); err == nil && len(segments) > keptSegments {
			err = j.Remove(segments[0].Number)
		}
	}
	return err
}

// killSelf returns an error, or never.
func killSelf() error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Kill(); err != nil {
		return err
	}
	select {}
}

func TestAKilledProcessLosesNothingThatWasAppended(t *testing.T) {
	cycles := 20
	if text := os.Getenv("CRASH_CYCLES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("CRASH_CYCLES: %v", err)
		}
		cycles = n
	}
	dir := t.TempDir()
	var last uint64
	for cycle := range cycles {
		last = max(last, killed(t, dir))
		if report, err := journal.Verify(dir); err != nil || len(report.Problems) > 0 {
			t.Fatalf("cycle %d: %+v, %v", cycle, report, err)
		}
		j := open(t, dir, journal.Options{})
		first, found := checkNumbered(t, j)
		if found != last && found != last+1 {
			t.Fatalf("cycle %d: %d was appended, and %d to %d are there", cycle, last, first, found)
		}
		t.Logf("cycle %d: %d records in %d segments, %d bytes cut", cycle, found, len(j.Segments()), j.Cut())
		last = found
		closed(t, j)
	}
}

// killed is the last number that a child has printed before it was killed.
func killed(t *testing.T, dir string) (last uint64) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for after := rand.IntN(300); lines.Scan(); after-- {
		if last, err = strconv.ParseUint(lines.Text(), 10, 64); err != nil {
			t.Errorf("the child says %q", lines.Text())
		}
		if after == 0 {
			_ = child.Process.Kill()
		}
	}
	exit := (*exec.ExitError)(nil)
	if err := child.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v", err)
	}
	return last
}
