package inspect

import (
	"encoding/binary"
	"fmt"

	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/journal"
)

// DoubleBucket has the records of sealed segments of the journal with entries whose number another
// entry of their channel has, which is the one in the history: under [DoubleKey], as [DoubleValue].
const DoubleBucket = "history-doubles"

// DoubleKey is the position of a record as a key.
func DoubleKey(at journal.Position) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, at.Segment), uint64(at.Offset))
}

// DoubleValue is a record of the journal, behind which of its entries are not in the history: how
// many, and their places in it, each a varint.
func DoubleValue(which []int, record []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(len(which)))
	for _, i := range which {
		b = binary.AppendUvarint(b, uint64(i))
	}
	return append(b, record...)
}

// doubles tells of each entry that a checkpoint keeps beside the history.
func doubles(at *state.View, tell func(string)) error {
	return boltfile.Guard(func() error {
		c := at.Cursor(DoubleBucket)
		for key, value, err := c.Seek(nil); ; key, value, err = c.Next() {
			if err != nil || key == nil {
				return err
			}
			if err := describe(key, value, tell); err != nil {
				return fmt.Errorf("bucket %s, key %x: %w", DoubleBucket, key, err)
			}
		}
	})
}

func describe(key, value []byte, tell func(string)) error {
	which, record, err := splitDouble(value)
	if err != nil || len(key) != 16 {
		return fmt.Errorf("%w: no record of the journal", boltfile.ErrCorrupt)
	}
	at := journal.Position{Segment: binary.BigEndian.Uint64(key), Offset: int64(binary.BigEndian.Uint64(key[8:]))}
	f, err := frame.DecodeAt(at, record)
	if err != nil {
		return err
	}
	for _, i := range which {
		if i >= uint64(len(f.Entries)) {
			return fmt.Errorf("%w: entry %d of a record with %d", boltfile.ErrCorrupt, i, len(f.Entries))
		}
		e := f.Entries[i]
		tell(fmt.Sprintf("entry %d of channel %s was written twice: digest %x, of the journal's %v, is kept in bucket %s, and the history has the other one", e.Number, e.Channel, e.Digest, at, DoubleBucket))
	}
	return nil
}

func splitDouble(value []byte) (which []uint64, record []byte, err error) {
	number := func() (n uint64) {
		n, length := binary.Uvarint(value)
		if length <= 0 {
			err = boltfile.ErrCorrupt
			return 0
		}
		value = value[length:]
		return n
	}
	for left := number(); left > 0 && err == nil; left-- {
		which = append(which, number())
	}
	return which, value, err
}
