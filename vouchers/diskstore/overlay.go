package diskstore

import (
	"github.com/tidwall/btree"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/diskstore/frame"
	"github.com/chitpay/chit/vouchers/diskstore/state"
	"github.com/chitpay/chit/vouchers/journal"
)

// overlay is what the journal has and the checkpoint does not have yet, by what it is of.
type overlay struct {
	records map[vouchers.ChannelID]*vouchers.Record
	heads   map[vouchers.ChannelID]vouchers.Head
	rooms   map[string]*room
	end     journal.Position // of what is in it
	bytes   int64            // of the journal
}

// room is what a bucket has more than the checkpoint: nil values were deleted.
type room = btree.Map[string, []byte]

func newOverlay(end journal.Position) *overlay {
	return &overlay{
		records: map[vouchers.ChannelID]*vouchers.Record{},
		heads:   map[vouchers.ChannelID]vouchers.Head{},
		rooms:   map[string]*room{},
		end:     end,
	}
}

func (o *overlay) isEmpty() bool { return o.bytes == 0 }

// add takes in a frame, whose memory it keeps, but not that of its records.
func (o *overlay) add(f *frame.Frame, end journal.Position, size int64) {
	for i := range f.Records {
		r := &f.Records[i].Record
		kept := o.records[r.ID]
		if kept == nil {
			kept = new(vouchers.Record)
			o.records[r.ID] = kept
		}
		*kept = *r
	}
	for _, e := range f.Entries {
		o.heads[e.Channel] = vouchers.Head{Number: e.Number, Digest: e.Digest, Cumulative: e.Cumulative}
	}
	for _, p := range f.Puts {
		in := o.rooms[p.Bucket]
		if in == nil {
			in = new(room)
			o.rooms[p.Bucket] = in
		}
		in.Set(string(p.Key), p.Value)
	}
	o.end, o.bytes = end, o.bytes+size
}

// changes are what is to be written to the checkpoint.
func (o *overlay) changes() *state.Changes {
	return &state.Changes{Records: o.records, Heads: o.heads, Position: o.end, Rooms: func(put func(string, []byte, []byte) error) (err error) {
		for name, in := range o.rooms {
			in.Scan(func(key string, value []byte) bool {
				err = put(name, []byte(key), value)
				return err == nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}}
}
