package credit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// endedAtLeast is for how long every grant is remembered that has ended. The same order
// of the payer, which is good for minutes, makes no second grant of it.
const endedAtLeast = uint32(time.Hour / time.Second)

// shelf are the grants of one channel. Times are in Unix seconds.
type shelf struct {
	channel vouchers.ChannelID
	live    []*grant
	// counters is how many the live ones have in memory.
	counters atomic.Int64
	ended    []filed // in the order in which they ended
	// begun is how many are on their way to the disk, with their ids.
	begun map[macaroon.GrantID]struct{}
	// recent is when those of the last hour were made, where that is limited.
	recent []uint32
}

// filed is a grant of which nothing is left to be done.
type filed struct {
	id macaroon.GrantID
	at uint32
}

func (s *shelf) isEmpty() bool {
	return len(s.live) == 0 && len(s.ended) == 0 && len(s.begun) == 0 && len(s.recent) == 0
}

// ids are those of all its grants, those that have ended first.
func (s *shelf) ids() []macaroon.GrantID {
	all := make([]macaroon.GrantID, 0, len(s.ended)+len(s.live))
	for _, f := range s.ended {
		all = append(all, f.id)
	}
	for _, g := range s.live {
		all = append(all, g.id)
	}
	return all
}

// settle drops the times of more than an hour ago.
func (s *shelf) settle(now uint32) {
	s.recent = slices.DeleteFunc(s.recent, func(at uint32) bool { return at+uint32(time.Hour/time.Second) <= now })
}

// shelfOf returns the shelf of a channel, which is made if there is none. Called with
// b.mu held.
func (b *Book) shelfOf(channel vouchers.ChannelID) *shelf {
	on := b.shelves[channel]
	if on == nil {
		on = &shelf{channel: channel}
		b.shelves[channel] = on
	}
	return on
}

// reserve notes that a grant is on its way, where the limits let it be. The error wraps
// [ErrRequest]. Called with b.mu held.
func (b *Book) reserve(channel vouchers.ChannelID, id macaroon.GrantID) error {
	on, now := b.shelfOf(channel), b.clock.now().latest()
	if _, begun := on.begun[id]; begun {
		return fmt.Errorf("%w: it is being granted; ask again", ErrRequest)
	}
	on.settle(now)
	err := b.room(LimitLiveGrants, b.limits.LiveGrants, len(on.live)+len(on.begun), "grants of the channel are live", "revoke one, or let one expire")
	if err == nil {
		err = b.room(LimitNewGrants, b.limits.NewGrants, len(on.recent)+len(on.begun), "grants of the channel were made within an hour", "ask again later")
	}
	if err != nil {
		return err
	}
	if on.begun == nil {
		on.begun = map[macaroon.GrantID]struct{}{}
	}
	on.begun[id] = struct{}{}
	return nil
}

// unreserve ends what reserve has begun.
func (b *Book) unreserve(channel vouchers.ChannelID, id macaroon.GrantID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	on := b.shelfOf(channel)
	if delete(on.begun, id); len(on.begun) == 0 {
		on.begun = nil
	}
	if on.isEmpty() {
		delete(b.shelves, channel)
	}
}

// file takes a grant in, as its record has it. Called with b.mu held.
func (b *Book) file(r *Grant) {
	on := b.shelfOf(r.Channel)
	if b.limits.NewGrants > 0 {
		on.recent = append(on.recent, unix(r.Created.Unix()))
	}
	if r.Returned != nil {
		on.ended = append(on.ended, filed{r.ID, unix(r.EndedAt.Unix())})
		return
	}
	b.grants[r.ID] = newGrant(r, on)
	on.live = append(on.live, b.grants[r.ID])
}

// unlist takes a grant out of the live ones, of which nothing is left to be done. Called
// with b.mu held.
func (b *Book) unlist(r *Grant) {
	on := b.shelfOf(r.Channel)
	if g := b.grants[r.ID]; g != nil {
		g.mu.Lock()
		g.drop(func(*counter) bool { return true })
		g.mu.Unlock()
	}
	on.live = slices.DeleteFunc(on.live, func(g *grant) bool { return g.id == r.ID })
	on.ended = append(on.ended, filed{r.ID, unix(r.EndedAt.Unix())})
	delete(b.grants, r.ID)
	delete(b.revoked, r.ID)
}

// List returns the grants of a channel, those that have ended first, as far as they are
// remembered. One that cannot be read keeps no other back: the error is of those
// alone.
func (b *Book) List(channel vouchers.ChannelID) ([]Grant, error) {
	return b.records(b.remembered(channel))
}

// Page returns at most so many grants of a channel in the order of their ids, from the
// first one after an id on, and whether there are more. Its error is that of [Book.List].
func (b *Book) Page(channel vouchers.ChannelID, after macaroon.GrantID, most int) (page []Grant, more bool, err error) {
	ids, more := idsAfter(b.remembered(channel), after, most)
	page, err = b.records(ids)
	return page, more, err
}

// PageOfAll is [Book.Page] over every channel. The next page goes on after next, which is zero
// after the last one; a page has fewer grants, and may have none, where some were just
// forgotten or cannot be read.
func (b *Book) PageOfAll(after macaroon.GrantID, most int) (page []Grant, next macaroon.GrantID, err error) {
	b.mu.RLock()
	var ids []macaroon.GrantID
	for _, on := range b.shelves {
		ids = append(ids, on.ids()...)
	}
	b.mu.RUnlock()
	ids, more := idsAfter(ids, after, most)
	if more {
		next = ids[len(ids)-1]
	}
	page, err = b.records(ids)
	return page, next, err
}

// idsAfter are at most so many of the ids in their order, from the first one after an id on,
// and whether there are more. It sorts what it is given.
func idsAfter(ids []macaroon.GrantID, after macaroon.GrantID, most int) (page []macaroon.GrantID, more bool) {
	byID := func(x, y macaroon.GrantID) int { return bytes.Compare(x[:], y[:]) }
	ids = slices.DeleteFunc(ids, func(id macaroon.GrantID) bool { return byID(id, after) <= 0 })
	slices.SortFunc(ids, byID)
	return ids[:min(most, len(ids))], len(ids) > most
}

// remembered are the ids of a channel's grants.
func (b *Book) remembered(channel vouchers.ChannelID) []macaroon.GrantID {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if on := b.shelves[channel]; on != nil {
		return on.ids()
	}
	return nil
}

// records reads grants, but those that are not there any more.
func (b *Book) records(ids []macaroon.GrantID) ([]Grant, error) {
	all := make([]Grant, 0, len(ids))
	var failed []error
	for _, id := range ids {
		r, err := b.record(id)
		switch {
		case errors.Is(err, ErrNoGrant): // it was just forgotten
		case err != nil:
			failed = append(failed, err)
		default:
			all = append(all, *r)
		}
	}
	return all, errors.Join(failed...)
}

// All is [Book.List] for every channel, in no order.
func (b *Book) All() ([]Grant, error) {
	b.mu.RLock()
	channels := make([]vouchers.ChannelID, 0, len(b.shelves))
	for channel := range b.shelves {
		channels = append(channels, channel)
	}
	b.mu.RUnlock()
	all := []Grant{}
	var failed []error
	for _, channel := range channels {
		grants, err := b.List(channel)
		all, failed = append(all, grants...), append(failed, err)
	}
	return all, errors.Join(failed...)
}

// forgetEvery is how often grants are looked for that ended long ago.
const forgetEvery = uint32(time.Minute / time.Second)

// forgetEnded drops the grants that have ended, and are too old or too many. Called with
// b.changing held.
func (b *Book) forgetEnded(ctx context.Context, now moment) error {
	late := now.certain()
	if late < b.forgotten+forgetEvery {
		return nil
	}
	b.forgotten = late
	var puts []vouchers.Put
	b.mu.Lock()
	for channel, on := range b.shelves {
		on.settle(now.latest())
		for _, id := range b.outlived(on, late) {
			puts = append(puts, vouchers.Put{Bucket: grantsBucket, Key: id[:]})
		}
		if on.isEmpty() {
			delete(b.shelves, channel)
		}
	}
	b.mu.Unlock()
	for part := range slices.Chunk(puts, 1000) {
		if err := b.store.Submit(vouchers.Update{Puts: part}).Wait(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("forget %d credit grants that have ended: %w", len(part), err)
		}
	}
	return nil
}

// outlived takes the grants off a shelf that are forgotten.
func (b *Book) outlived(on *shelf, late uint32) (gone []macaroon.GrantID) {
	over := 0
	if b.limits.EndedGrants > 0 {
		over = max(0, len(on.ended)-b.limits.EndedGrants)
	}
	on.ended = slices.DeleteFunc(on.ended, func(f filed) bool {
		age := late - min(late, f.at)
		old := b.limits.EndedTime > 0 && age >= uint32(min(b.limits.EndedTime/time.Second, macaroon.MaxTime))
		if age < endedAtLeast || !old && over <= 0 {
			return false
		}
		if old {
			b.met(LimitEndedTime)
		} else {
			b.met(LimitEndedGrants)
		}
		over--
		gone = append(gone, f.id)
		return true
	})
	return gone
}
