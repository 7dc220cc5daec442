package archive

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// rowsInGroup is how many rows are in memory until they are written, about 30 MB.
const rowsInGroup = 32 << 10

// sortedAtOnce is how many entries are sorted together by what attests them, about 40 MB.
const sortedAtOnce = 128 << 10

// Payers says who pays a channel; zero where nobody knows.
type Payers func(vouchers.ChannelID) common.Address

// Write writes the receipts of a day, in UTC, as a Parquet file, and returns how many there
// are. It reads the day once, and holds up nobody. After an error what was written is no
// whole file.
func Write(ctx context.Context, w io.Writer, of vouchers.History, day time.Time, payers Payers) (int64, error) {
	since := Day(day)
	f := &file{
		rows:   parquet.NewGenericWriter[Row](w, parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(rowsInGroup)),
		payers: payers,
		begun:  map[*vouchers.Batch]uint32{},
	}
	err := of.Each(ctx, since, since.AddDate(0, 0, 1), f.take)
	if err == nil {
		err = f.flush()
	}
	if err == nil {
		err = f.rows.Close()
	}
	if err != nil {
		return f.written, fmt.Errorf("archive %s: %w", since.Format(time.DateOnly), err)
	}
	return f.written, nil
}

// Day is the beginning of t's day, in UTC.
func Day(t time.Time) time.Time {
	year, month, day := t.UTC().Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// file takes lines in the order of a history, which is that of channels within a table, and
// writes them in that of the batches that attest them: so each tree is built once.
type file struct {
	rows    *parquet.GenericWriter[Row]
	payers  Payers
	proofs  receipts.Proofs
	lines   []attested
	begun   map[*vouchers.Batch]uint32 // the earliest time of a batch's lines
	written int64
}

// attested is an entry with its batch, nil if it was signed by itself.
type attested struct {
	vouchers.Line
	batch *vouchers.Batch
}

// group names the batch, and is empty of an entry that was signed by itself.
func (a attested) group() []byte {
	if a.batch == nil {
		return nil
	}
	return a.batch.Leaves[0][:]
}

func (f *file) take(l *vouchers.Line) error {
	batch, err := l.Attested()
	if err != nil {
		return err
	}
	kept := attested{*l, batch}
	kept.Value = slices.Clone(l.Value)
	kept.Attested = func() (*vouchers.Batch, error) { return batch, nil }
	if first, known := f.begun[batch]; !known || l.Time < first {
		f.begun[batch] = l.Time
	}
	if f.lines = append(f.lines, kept); len(f.lines) == sortedAtOnce {
		return f.flush()
	}
	return nil
}

func (f *file) flush() error {
	slices.SortStableFunc(f.lines, func(a, b attested) int {
		return cmp.Or(cmp.Compare(f.begun[a.batch], f.begun[b.batch]), bytes.Compare(a.group(), b.group()), cmp.Compare(a.Leaf, b.Leaf))
	})
	for i := range f.lines {
		s, err := f.proofs.FromLine(&f.lines[i].Line)
		if err != nil {
			return err
		}
		if _, err := f.rows.Write([]Row{rowOf(s, f.payers(s.Channel))}); err != nil {
			return err
		}
		f.written++
	}
	f.lines = f.lines[:0]
	clear(f.begun)
	return nil
}
