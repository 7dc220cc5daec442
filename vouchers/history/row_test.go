package history

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// FuzzRow reads rows of each kind. What is read is written again as it was read.
func FuzzRow(f *testing.F) {
	f.Add((&row{flags: inBatch | hasPrevious, batch: 3, leaf: 255, time: 1_700_000_001, cumulative: 1 << 40, value: []byte("value")}).append(nil, 1_700_000_000))
	f.Add((&row{digest: common.Hash{1}, time: 5, value: []byte{}}).append(nil, 5))
	f.Add(appendBatch(nil, &vouchers.Batch{Leaves: []common.Hash{{1}, {2}}, Attestation: make([]byte, 65)}))
	f.Add(facts{entries: 3, channels: 2, batches: 1, first: 4, last: 5}.append(nil))
	f.Add(appendAnswer(nil, &vouchers.Answer{Ceiling: 5, Expires: time.Unix(1_700_000_000, 0), Body: []byte("body")}))
	f.Add(receiptKey(vouchers.ChannelID{1}, 1<<40+1))
	f.Add(trailer{length: 48, sum: 1, footer: 2}.append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		const base = 1_700_000_000
		if r, err := decodeRow(b, base); taken(t, err) {
			again, err := decodeRow(r.append(nil, base), base)
			same(t, err, again.append(nil, base), r.append(nil, base))
		}
		if batch, err := decodeBatch(b); taken(t, err) {
			again, err := decodeBatch(appendBatch(nil, batch.whole()))
			same(t, err, appendBatch(nil, again.whole()), appendBatch(nil, batch.whole()))
		}
		if x, err := decodeFacts(b); taken(t, err) {
			again, err := decodeFacts(x.append(nil))
			same(t, err, again.append(nil), x.append(nil))
		}
		if a, err := decodeAnswer(vouchers.AnswerKey{}, b); taken(t, err) {
			again, err := decodeAnswer(vouchers.AnswerKey{}, appendAnswer(nil, &a))
			same(t, err, appendAnswer(nil, &again), appendAnswer(nil, &a))
		}
		if id, number, err := splitReceiptKey(b); taken(t, err) {
			same(t, err, receiptKey(id, number), b)
		}
		if len(b) == trailerLength {
			if end, err := decodeTrailer(b); taken(t, err) {
				same(t, err, end.append(nil), b)
			}
		}
	})
}

// taken says whether there was no error; one must be of damage.
func taken(t *testing.T, err error) bool {
	t.Helper()
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Fatalf("%v does not say that the history is damaged", err)
	}
	return err == nil
}

func same(t *testing.T, err error, got, want []byte) {
	t.Helper()
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%x was written, and %x read, %v", want, got, err)
	}
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"0000000012.table", "0000000012.3.table", "18446744073709551615.table", "12.table", ".table"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if number, generation, ok := parseName(name); ok && fileName(number, generation) != name {
			t.Fatalf("%q is table %d.%d, which is called %q", name, number, generation, fileName(number, generation))
		}
	})
}

func TestKeysSortAsNumbersDo(t *testing.T) {
	numbers := []uint64{0, 1, 255, 256, 1<<16 - 1, 1 << 16, 1 << 40, 1<<40 + 1, 1<<64 - 2, 1<<64 - 1}
	for i, n := range numbers[1:] {
		if bytes.Compare(receiptKey(vouchers.ChannelID{}, numbers[i]), receiptKey(vouchers.ChannelID{}, n)) >= 0 {
			t.Errorf("the key of %d does not come before that of %d", numbers[i], n)
		}
	}
	if last := numbers[len(numbers)-1]; bytes.Compare(receiptKey(vouchers.ChannelID{}, last), receiptsEnd(vouchers.ChannelID{})) >= 0 {
		t.Errorf("the key of %d comes after the end", last)
	}
}
