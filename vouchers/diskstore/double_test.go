package diskstore_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore"
	"github.com/chitpay/chit/vouchers/diskstore/inspect"
	"github.com/chitpay/chit/vouchers/diskstore/restore"
)

// numbered submits entries of channel 1 with the numbers and, each in one byte, the digests.
func numbered(t *testing.T, s *diskstore.Store, entries ...[2]byte) {
	t.Helper()
	for _, e := range entries {
		u := entry(1, uint64(e[0]))
		u.Entry.Digest = common.Hash{e[1]}
		submit(t, s, u)
	}
}

// walked is the channel as numbered submits it, each entry after the one that it follows.
func walked(t *testing.T, s *diskstore.Store) string {
	t.Helper()
	var all []string
	err := s.History().Walk(t.Context(), channel(1).Record.ID, 0, func(l *vouchers.Line) error {
		batch, err := l.Attested()
		if err != nil || batch.Leaves[l.Leaf] != l.Digest {
			t.Errorf("entry %d is not attested: %v", l.Number, err)
		}
		all = append(all, fmt.Sprintf("%d:%x>%x", l.Number, l.Previous[0], l.Digest[0]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func TestASegmentWithTwoEntriesOfOneNumberIsSealedAndBothAreKept(t *testing.T) {
	s, path := fresh(t, diskstore.WithSegments(3000, 1<<20))
	s.Attest(attest)
	numbered(t, s, [2]byte{1, 0xa1}, [2]byte{2, 0xa2}, [2]byte{3, 0xa3}, [2]byte{3, 0xb3}, [2]byte{4, 0xa4})
	for n := range 40 { // the segment is full
		submit(t, s, entry(2, uint64(n+1)))
	}
	s.Settle()
	numbered(t, s, [2]byte{5, 0xa5})
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	const want = "1:0>a1 2:a1>a2 3:a2>b3 4:b3>a4 5:a4>a5"
	if got := walked(t, s); got != want {
		t.Errorf("the history is %s, want %s", got, want)
	}
	says := func(of string, doubles []string, err error) {
		t.Helper()
		other := common.Hash{0xa3}
		if err != nil || len(doubles) != 1 || !strings.Contains(doubles[0], "entry 3 of channel "+channel(1).Record.ID.String()) || !strings.Contains(doubles[0], hex.EncodeToString(other[:])) {
			t.Errorf("%s: %q, %v", of, doubles, err)
		}
	}
	open1, err := s.Check(t.Context(), nil)
	says("while it is open", open1.Doubles, err)
	backup, _ := backedUp(t, s)
	found, err := restore.Verify(t.Context(), backup, nil)
	says("its backup", found.Doubles, err)
	closeStore(t, s)
	says("closed", sound(t, path).Doubles, nil)
	if err := inspect.Compact(path, path+".small"); err != nil {
		t.Fatal(err)
	}
	says("compacted", sound(t, path+".small").Doubles, nil)
	again := open(t, path)
	if got := walked(t, again); got != want {
		t.Errorf("opened again the history is %s, want %s", got, want)
	}
	record := 0
	err = again.Bucket(inspect.DoubleBucket).ForEach(nil, func(_, value []byte) error {
		if strings.Contains(string(value), string(common.Hash{0xa3}.Bytes())) {
			record++
		}
		return nil
	})
	if err != nil || record != 1 {
		t.Errorf("%d records of the journal with it are kept, %v", record, err)
	}
	closeStore(t, again)
}

func TestAnEntryThatIsInASegmentTwiceIsSealedOnce(t *testing.T) {
	s, path := fresh(t, diskstore.WithSegments(3000, 1<<20))
	s.Attest(func(_ context.Context, leaves []common.Hash) ([]byte, error) { return leaves[0][:], nil })
	numbered(t, s, [2]byte{1, 0xa1}, [2]byte{2, 0xa2}, [2]byte{2, 0xa2}, [2]byte{3, 0xa3})
	for n := range 40 {
		submit(t, s, entry(2, uint64(n+1)))
	}
	s.Settle()
	if got := walked(t, s); got != "1:0>a1 2:a1>a2 3:a2>a3" {
		t.Errorf("the history is %s, %v", got, s.Err())
	}
	closeStore(t, s)
	if report := sound(t, path); len(report.Doubles) != 0 {
		t.Errorf("%q", report.Doubles)
	}
}
