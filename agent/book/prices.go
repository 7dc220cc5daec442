package book

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"github.com/chitpay/chit/vouchers"
)

// pricesBucket holds the price last paid for a tool, under the server and the tool.
var pricesBucket = []byte("prices")

func priceKey(server, tool string) []byte { return []byte(server + "\x00" + tool) }

// PricesPaid are the prices last paid at a server, by tool.
func (b *Book) PricesPaid(server string) (map[string]vouchers.Amount, error) {
	paid := make(map[string]vouchers.Amount)
	err := b.update(pricesBucket, func(bucket *bbolt.Bucket) error {
		prefix := priceKey(server, "")
		cursor := bucket.Cursor()
		for key, value := cursor.Seek(prefix); bytes.HasPrefix(key, prefix); key, value = cursor.Next() {
			if len(value) == 8 {
				paid[string(key[len(prefix):])] = vouchers.Amount(binary.BigEndian.Uint64(value))
			}
		}
		return nil
	})
	return paid, err
}

// KeepPrices writes what was last paid at a server, by tool.
func (b *Book) KeepPrices(server string, prices map[string]vouchers.Amount) error {
	return b.update(pricesBucket, func(bucket *bbolt.Bucket) error {
		for tool, price := range prices {
			if err := bucket.Put(priceKey(server, tool), binary.BigEndian.AppendUint64(nil, uint64(price))); err != nil {
				return err
			}
		}
		return nil
	})
}
