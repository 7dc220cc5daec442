package receipts_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// none is the batch of an entry that was signed alone.
func none() (*vouchers.Batch, error) { return nil, nil }

func TestAReceiptOfAStoreOfVersion1BecomesAnEntryWithItsSignature(t *testing.T) {
	_, key, value := alone(t)
	want, err := receipts.FromRecord(key, value)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := receipts.EntryOfRecord(key, value)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := want.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if entry.Channel != want.Channel || entry.Number != want.Sequence || entry.Digest != digest || entry.Cumulative != want.Cumulative || uint64(entry.Time) != want.IssuedAt || entry.Previous != want.Previous {
		t.Errorf("the entry is %+v", entry)
	}
	got, err := new(receipts.Proofs).FromLine(&vouchers.Line{Entry: *entry, Attested: none})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the entry says %+v, %v, want %+v", got, err, want)
	}
	clear(entry.Value)
	if !bytes.Equal(got.Signature, want.Signature) {
		t.Error("the receipt shares its memory with the history")
	}
}

func TestARecordThatNoHistoryCanHaveIsNoEntry(t *testing.T) {
	_, key, value := alone(t)
	late := bytes.Clone(value)
	late[len(late)-1-65-len("mcp://tool/search")-8] = 1 // the first byte of when it was issued
	batch, _ := together(t, new(receipts.Proofs), numbered(1))
	batchKey, batchValue, err := batch[0].Record()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ key, value []byte }{
		"cut off":             {key, value[:100]},
		"in the year 2106":    {key, late},
		"one of a batch":      {batchKey, batchValue},
		"under a strange key": {key[:8], value},
	} {
		if e, err := receipts.EntryOfRecord(test.key, test.value); !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestAnEntryThatNoReceiptIsWrittenAsIsRefused(t *testing.T) {
	_, key, value := alone(t)
	good, err := receipts.EntryOfRecord(key, value)
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, to byte) []byte {
		bad := bytes.Clone(good.Value)
		bad[at] = to
		return bad
	}
	for name, value := range map[string][]byte{
		"nothing":                    {},
		"a version to come":          change(0, 2),
		"unknown bits":               change(1, good.Value[1]|0x80),
		"cut off":                    good.Value[:60],
		"a chain id with zeros":      slices.Insert(change(3, good.Value[3]|0x80), 4, 0),
		"a signature of no length":   change(len(good.Value)-len("mcp://tool/search")-66, 0),
		"without the batch it is in": change(1, good.Value[1]&^16),
	} {
		l := &vouchers.Line{Entry: *good, Attested: none}
		l.Value = value
		if r, err := new(receipts.Proofs).FromLine(l); !errors.Is(err, receipts.ErrFormat) {
			t.Errorf("%s is %+v, %v", name, r, err)
		}
	}
}

func FuzzEntry(f *testing.F) {
	_, key, value := alone(f)
	entry, err := receipts.EntryOfRecord(key, value)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(entry.Value, uint64(entry.Cumulative))
	f.Fuzz(func(t *testing.T, value []byte, cumulative uint64) {
		l := &vouchers.Line{Entry: vouchers.Entry{Channel: channel, Number: 1, Digest: common.Hash{1}, Cumulative: vouchers.Amount(cumulative), Value: value}, Attested: none}
		r, err := new(receipts.Proofs).FromLine(l)
		if err != nil {
			if !errors.Is(err, receipts.ErrFormat) {
				t.Errorf("%x: %v", value, err)
			}
			return
		}
		k, v, err := r.Record()
		if err != nil {
			return // of a chain that is none
		}
		if again, err := receipts.EntryOfRecord(k, v); err != nil || !bytes.Equal(again.Value, value) {
			t.Errorf("%x has become %+v, %v", value, again, err)
		}
	})
}
