package vouchers_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/vouchers"
)

// shelf is a store that has one bucket, in memory.
type shelf map[string][]byte

func (s shelf) Bucket(string) vouchers.Bucket { return board{s} }

type board struct{ shelf shelf }

func (b board) Get(key []byte) ([]byte, error) { return b.shelf[string(key)], nil }

func (b board) Put(_ context.Context, key, value []byte) error {
	b.shelf[string(key)] = value
	return nil
}

func (board) Delete(context.Context, []byte) error { panic("not used") }

func (board) Submit([]byte, []byte) vouchers.Ticket { panic("not used") }

func (board) ForEach([]byte, func(key, value []byte) error) error { panic("not used") }

func (board) Last([]byte) (key, value []byte, err error) { panic("not used") }

func TestAStoreOpensTheEpochAboveItsOwnAndThoseOfOthers(t *testing.T) {
	s := shelf{}
	for i, c := range []struct {
		others []uint64
		want   uint64
	}{{nil, 1}, {nil, 2}, {[]uint64{7, 3}, 8}, {[]uint64{7}, 9}} {
		got, err := vouchers.OpenEpoch(t.Context(), s, c.others...)
		if kept, read := vouchers.Epoch(s); err != nil || read != nil || got != c.want || kept != c.want {
			t.Errorf("%d: epoch %d, kept %d, want %d; %v, %v", i, got, kept, c.want, err, read)
		}
	}
	if epoch, err := vouchers.Epoch(shelf{}); err != nil || epoch != 0 {
		t.Errorf("of a store that was never restored it is %d, %v", epoch, err)
	}
}

func TestAnEpochThatNoNumberCanSayIsNotOpened(t *testing.T) {
	last := shelf{vouchers.EpochKey: binary.BigEndian.AppendUint64(nil, vouchers.MaxEpoch)}
	if epoch, err := vouchers.OpenEpoch(t.Context(), last); !errors.Is(err, vouchers.ErrEpoch) {
		t.Errorf("%d, %v", epoch, err)
	}
	if _, err := vouchers.Epoch(shelf{vouchers.EpochKey: []byte("x")}); err == nil {
		t.Error("a damaged epoch is read")
	}
}

func TestNumbersRiseByOneWithinAnEpochAndBeginEachAtOne(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		last, epoch := uint64(0), uint64(0)
		for range rapid.IntRange(1, 50).Draw(rt, "entries") {
			opened := rapid.Uint64Range(0, 3).Draw(rt, "epochs opened")
			epoch += opened
			next := vouchers.NextNumber(last, epoch)
			of, within := vouchers.EpochOf(next)
			lastOf, lastWithin := vouchers.EpochOf(last)
			if next <= last || of != epoch || opened == 0 && last > 0 && of == lastOf && within != lastWithin+1 || opened > 0 && within != 1 || vouchers.BeginsEpoch(last, next) != (opened > 0) {
				rt.Fatalf("after %d in epoch %d comes %d", last, epoch, next)
			}
			last = next
		}
	})
}
