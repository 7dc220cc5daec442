package migrate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/folder"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/history"
)

// convertReceipts seals the receipts by time, and returns how many tables they fill, 1 at least.
func convertReceipts(from *state.Former, dir string, to *state.File, o *Options) (tables uint64, err error) {
	times, err := timesOf(from, o)
	if err != nil {
		return 0, err
	}
	shelf, err := history.Open(folder.History(dir))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, shelf.Close()) }()
	heads := map[vouchers.ChannelID]vouchers.Head{}
	for tables = 1; ; tables++ {
		first := int(tables-1) * o.TableEntries
		if first >= len(times) {
			break
		}
		if err := convertSpan(from, shelf.Path(tables), o, spanOf(times, first, o.TableEntries), heads); err != nil {
			return 0, err
		}
	}
	return max(1, tables-1), to.Write(&state.Changes{Heads: heads})
}

// timesOf are the ranks of all receipts, in order.
func timesOf(from *state.Former, o *Options) (times []ranked, err error) {
	err = eachFormer(from, o, func(_ *vouchers.Entry, r ranked) error {
		times = append(times, r)
		return nil
	})
	slices.SortFunc(times, ranked.compare)
	return times, err
}

// eachFormer visits the receipts by channel and number, with their ranks.
func eachFormer(from *state.Former, o *Options, visit func(*vouchers.Entry, ranked) error) error {
	var channel vouchers.ChannelID
	var r ranked
	return from.Receipts(func(key, value []byte) error {
		if o.Receipt == nil {
			return fmt.Errorf("%w: it has receipts, and this program does not read them: open it with one that sells", state.ErrFormat)
		}
		e, err := o.Receipt(key, value)
		if err != nil {
			return err
		}
		if e.Channel != channel {
			channel, r.time = e.Channel, 0
		}
		r.time = max(r.time, e.Time)
		r.place++
		return visit(e, r)
	})
}

func convertSpan(from *state.Former, path string, o *Options, of span, heads map[vouchers.ChannelID]vouchers.Head) error {
	b := new(history.Builder)
	err := eachFormer(from, o, func(e *vouchers.Entry, r ranked) error {
		if !of.has(r) {
			return nil
		}
		e.Value = bytes.Clone(e.Value)
		heads[e.Channel] = vouchers.Head{Number: e.Number, Digest: e.Digest, Cumulative: e.Cumulative}
		return b.Add(e)
	})
	if err != nil {
		return err
	}
	return b.Write(path)
}
