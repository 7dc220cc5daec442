package inspect

import (
	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/boltfile"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
)

// HeadBucket has, for each channel whose first entries are not kept any more, the last of
// these: its digest (32 bytes), its number (8), and the entry as its room keeps it.
const HeadBucket = "history-heads"

// letGo is where the channels go on whose first entries are not kept any more.
func letGo(at *state.View) (history.Chain, error) {
	chain := history.Chain{}
	err := boltfile.Guard(func() error {
		c := at.Cursor(HeadBucket)
		for key, value, err := c.Seek(nil); ; key, value, err = c.Next() {
			if err != nil || key == nil {
				return err
			}
			if len(key) == len(vouchers.ChannelID{}) && len(value) >= len(common.Hash{}) {
				chain[vouchers.ChannelID(key)] = common.Hash(value[:len(common.Hash{})])
			}
		}
	})
	return chain, err
}
