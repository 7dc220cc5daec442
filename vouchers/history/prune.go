package history

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Pruning is what [Tables.Prune] goes by.
type Pruning struct {
	Now  time.Time
	Keep Keep
	// Claimed is up to where a channel was claimed, in atomic units of its Cumulative: no
	// entry above that goes, and none of its channel in the same table or in a newer one.
	Claimed func(vouchers.ChannelID) vouchers.Amount
	// Heads makes entries durable elsewhere that are about to go, each the last of its
	// channel that goes from a table. It is called before that, several times for a large
	// table, with lines of one batch beside one another. They are only valid during the call.
	Heads func(ctx context.Context, last []*vouchers.Line) error
	// DryRun changes nothing, and does not ask Heads.
	DryRun bool
}

// Pruned is what [Tables.Prune] did, or would do.
type Pruned struct {
	// Dropped are the tables that are gone, and Rewritten those of which a part is.
	Dropped   []Facts `json:"dropped"`
	Rewritten []Facts `json:"rewritten"`
	// Entries and Bytes are what went; the bytes of a dry run are an estimate.
	Entries uint64 `json:"entries"`
	Bytes   int64  `json:"bytes"`
	// Held are the entries that would have gone if their channels were claimed.
	Held uint64 `json:"held"`
}

// headsAtOnce is how many lines one call of Heads gets at most: so many that most batches
// have several, whose proofs have most of their work in common.
const headsAtOnce = 4096

// Prune lets go of the oldest tables, while the entries of one are all older than the age to
// keep, or all tables together are larger than the bytes to keep. A table with entries of
// channels that are not claimed that far is written again with these channels alone; after
// that only once half of what it has left can go. A damaged table stays, and is named by
// the error after the others were done; any other failure ends it.
func (t *Tables) Prune(ctx context.Context, p Pruning) (done Pruned, err error) {
	t.pruning.Lock()
	defer t.pruning.Unlock()
	held, release, err := t.shelf.hold()
	if err != nil {
		return done, err
	}
	defer release()
	pass := pass{Pruning: p, shelf: t.shelf, held: map[vouchers.ChannelID]bool{}}
	for _, v := range held {
		pass.bytes += v.size
	}
	var failures []error
	for _, v := range held {
		if v.damage == nil && !pass.due(v) {
			break
		}
		err := pass.volume(ctx, v)
		failures = append(failures, err)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			break
		}
	}
	return pass.done, errors.Join(failures...)
}

// pass is one go through the tables.
type pass struct {
	Pruning
	shelf *shelf
	bytes int64 // of all tables now
	done  Pruned
	// held are the channels that stay in the tables to come, whatever was claimed, since
	// an older table has entries of them: what is left of a channel is always its end.
	held map[vouchers.ChannelID]bool
}

func (p *pass) due(v *volume) bool {
	old := p.Keep.Age > 0 && timeOf(v.facts.last).Before(p.Now.Add(-p.Keep.Age))
	return old || p.Keep.Bytes > 0 && p.bytes > p.Keep.Bytes
}

// volume lets go of what may go of one table.
func (p *pass) volume(ctx context.Context, v *volume) error {
	return p.shelf.read(v, func(s *sheet) error {
		staying, err := p.judge(ctx, s)
		if err != nil {
			return err
		}
		going := s.entries - staying
		p.done.Held += staying
		if staying > 0 && (going == 0 || v.generation > 0 && going < s.entries/2) {
			return p.holdAll(ctx, s)
		}
		freed := v.size - v.size*int64(staying)/max(1, int64(s.entries))
		if !p.DryRun {
			if freed, err = p.replace(ctx, v, s, staying); err != nil {
				return err
			}
		}
		p.note(v, staying, going, freed)
		return nil
	})
}

func (p *pass) note(v *volume, staying, going uint64, freed int64) {
	p.bytes -= freed
	p.done.Bytes += freed
	p.done.Entries += going
	if staying > 0 {
		p.done.Rewritten = append(p.done.Rewritten, v.list())
	} else {
		p.done.Dropped = append(p.done.Dropped, v.list())
	}
}

// judge counts the entries that stay, and notes their channels.
func (p *pass) judge(ctx context.Context, s *sheet) (staying uint64, err error) {
	err = s.channels(ctx, func(last *cursor, entries uint64) error {
		if last.row.cumulative > p.Claimed(last.channel) {
			p.held[last.channel] = true
		}
		if p.held[last.channel] {
			staying += entries
		}
		return nil
	})
	return staying, err
}

// holdAll notes the channels of a table that stays as it is.
func (p *pass) holdAll(ctx context.Context, s *sheet) error {
	return s.channels(ctx, func(last *cursor, _ uint64) error {
		p.held[last.channel] = true
		return nil
	})
}

// replace puts what stays of a table in its place, after the heads of what goes are kept.
// It returns how many bytes that gave back.
func (p *pass) replace(ctx context.Context, v *volume, s *sheet, staying uint64) (freed int64, err error) {
	if err := p.heads(ctx, s); err != nil {
		return 0, err
	}
	if staying == 0 {
		return v.size, p.shelf.drop(v)
	}
	var b Builder
	err = s.each(ctx, time.Time{}, time.Time{}, func(l *vouchers.Line) error {
		if !p.held[l.Channel] {
			return nil
		}
		return b.keep(l)
	})
	if err != nil {
		return 0, err
	}
	path := p.shelf.pathOf(v.number, v.generation+1)
	if err := b.Write(path); err != nil {
		return 0, err
	}
	size, err := p.shelf.add(v.number, v.generation+1)
	return v.size - size, err
}

// heads hands out the last entry of each channel that goes.
func (p *pass) heads(ctx context.Context, s *sheet) error {
	var last []head
	flush := func() error {
		if len(last) == 0 {
			return nil
		}
		slices.SortFunc(last, func(a, b head) int { return cmp.Compare(a.batch, b.batch) })
		lines := make([]*vouchers.Line, len(last))
		for i := range last {
			lines[i] = last[i].Line
		}
		last = last[:0]
		return p.Heads(ctx, lines)
	}
	err := s.channels(ctx, func(at *cursor, _ uint64) error {
		if p.held[at.channel] {
			return nil
		}
		line, err := at.copy()
		if err != nil {
			return err
		}
		if last = append(last, head{line, at.row.batch}); len(last) == headsAtOnce {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// head is a line, with the number of its batch in the table.
type head struct {
	*vouchers.Line
	batch uint64
}

// keep adds a line of another table.
func (b *Builder) keep(l *vouchers.Line) error {
	e := l.Entry
	e.Value = append([]byte(nil), l.Value...)
	batch, err := l.Attested()
	if err != nil {
		return err
	}
	e.Batch = batch
	return b.Add(&e)
}
