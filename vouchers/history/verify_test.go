package history

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// rowOf is a row as a test writes it.
type rowOf struct{ key, value []byte }

// goodRows are a table of two entries of a channel, in a batch.
func goodRows() []rowOf {
	batch := &vouchers.Batch{Leaves: []common.Hash{{1}, {2}}, Attestation: []byte("signature")}
	id := vouchers.ChannelID{3}
	return []rowOf{
		{batchKey(0), appendBatch(nil, batch)},
		{factsKey, facts{entries: 2, channels: 1, batches: 1, first: 100, last: 101}.append(nil)},
		{receiptKey(id, 1), (&row{flags: inBatch | hasPrevious, time: 100, cumulative: 5}).append(nil, 100)},
		{receiptKey(id, 2), (&row{flags: inBatch, leaf: 1, time: 101, cumulative: 6}).append(nil, 100)},
	}
}

func TestVerifyNamesWhatChecksumsDoNotShow(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(rows []rowOf) []rowOf
		want  string
	}{
		"nothing": {func(rows []rowOf) []rowOf { return rows }, ""},
		"a leaf that its batch lacks": {func(rows []rowOf) []rowOf {
			rows[3].value = (&row{flags: inBatch, leaf: 2, time: 101, cumulative: 6}).append(nil, 100)
			return rows
		}, "leaf 2 of a batch of 2"},
		"a batch that is missing": {func(rows []rowOf) []rowOf { return rows[1:] }, "leaf 0 of a batch of 0"},
		"a batch of another number": {func(rows []rowOf) []rowOf {
			rows[0].key = batchKey(1)
			return rows
		}, "batch 00000001 is not the next"},
		"a first entry that nothing is before": {func(rows []rowOf) []rowOf {
			rows[2].value = (&row{flags: inBatch, time: 100, cumulative: 5}).append(nil, 100)
			return rows
		}, "nothing is before entry 1"},
		"charges that fall": {func(rows []rowOf) []rowOf {
			rows[3].value = (&row{flags: inBatch, leaf: 1, time: 101, cumulative: 4}).append(nil, 100)
			return rows
		}, "falls from 0.000005 USDC to 0.000004 USDC"},
		"a time after the last": {func(rows []rowOf) []rowOf {
			rows[3].value = (&row{flags: inBatch, leaf: 1, time: 102, cumulative: 6}).append(nil, 100)
			return rows
		}, "and has"},
		"an entry too few": {func(rows []rowOf) []rowOf { return rows[:3] }, "and has"},
		"a row of no kind": {func(rows []rowOf) []rowOf { return append(rows, rowOf{[]byte("x"), nil}) }, "is not that of a receipt"},
		"a row that cannot be read": {func(rows []rowOf) []rowOf {
			rows[2].value = []byte{0xff}
			return rows
		}, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "0000000001.table")
			err := write(path, func(add func(key, value []byte) error) error {
				for _, r := range test.spoil(goodRows()) {
					if err := add(r.key, r.value); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			_, problems, err := Verify(context.Background(), path, Chain{})
			all := errors.Join(problems...)
			if err != nil || (all == nil) != (test.want == "") {
				t.Fatalf("%v, %v; want %q", all, err, test.want)
			}
			if all != nil && (!errors.Is(all, ErrCorrupt) || !strings.Contains(all.Error(), test.want) || !strings.Contains(all.Error(), path)) {
				t.Errorf("%v; want %q", all, test.want)
			}
		})
	}
}
