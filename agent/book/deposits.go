package book

import (
	"encoding/binary"
	"encoding/json"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/vouchers"
)

var (
	depositsBucket = []byte("deposits")
	topUpsBucket   = []byte("topUps")
)

// UpdateDeposits is durable.
func (b *Book) UpdateDeposits(f func(*deposit.Rows) error) error {
	return b.update(depositsBucket, func(signed *bbolt.Bucket) error {
		moved, err := signed.Tx().CreateBucketIfNotExists(topUpsBucket)
		if err != nil {
			return err
		}
		before, err := readDeposits(signed, moved)
		if err != nil {
			return err
		}
		after := before.Clone()
		if err := f(&after); err != nil {
			return err
		}
		if err := writeSigned(signed, before.Signed, after.Signed); err != nil {
			return err
		}
		return writeMoved(moved, before.Moved, after.Moved)
	})
}

func readDeposits(signed, moved *bbolt.Bucket) (deposit.Rows, error) {
	rows := deposit.Rows{}.Clone()
	err := signed.ForEach(func(key, value []byte) error {
		var d deposit.Signed
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("the deposit that was signed for channel %x cannot be read: %w", key, err)
		}
		rows.Signed[d.Channel] = d
		return nil
	})
	if err != nil {
		return rows, err
	}
	return rows, moved.ForEach(func(day, value []byte) error {
		if len(value) != 8 {
			return fmt.Errorf("what top-ups moved on %s cannot be read: it has %d bytes, want 8", day, len(value))
		}
		rows.Moved[string(day)] = vouchers.Amount(binary.BigEndian.Uint64(value))
		return nil
	})
}

func writeSigned(bucket *bbolt.Bucket, before, after map[vouchers.ChannelID]deposit.Signed) error {
	for id := range before {
		if _, kept := after[id]; !kept {
			if err := bucket.Delete(id[:]); err != nil {
				return err
			}
		}
	}
	for id, d := range after {
		raw, err := json.Marshal(d)
		if err == nil {
			err = bucket.Put(id[:], raw)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func writeMoved(bucket *bbolt.Bucket, before, after map[string]vouchers.Amount) error {
	for day, amount := range after {
		if amount == before[day] {
			continue
		}
		if err := bucket.Put([]byte(day), binary.BigEndian.AppendUint64(nil, uint64(amount))); err != nil {
			return err
		}
	}
	return nil
}
