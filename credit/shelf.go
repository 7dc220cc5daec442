package credit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// endedAtLeast is for how long every grant is remembered that has ended. The same order
// of the payer, which is good for minutes, makes no second grant of it.
const endedAtLeast = uint32(time.Hour / time.Second)

// shelf are the grants of one channel, in the order in which they were made.
type shelf []filed

// filed is a grant on its shelf. Times are in Unix seconds.
type filed struct {
	id      GrantID
	created uint32
	ended   uint32 // when nothing of it was left to be done; 0 while it is live
}

func (s shelf) find(id GrantID) int {
	return slices.IndexFunc(s, func(f filed) bool { return f.id == id })
}

// live is how many have not ended, and recent how many were made after a time.
func (s shelf) count(after uint32) (live, recent int) {
	for _, f := range s {
		if f.ended == 0 {
			live++
		}
		if f.created > after {
			recent++
		}
	}
	return live, recent
}

// file puts a grant on the shelf of its channel, where the limits let it. The error
// wraps [ErrRequest]. Called with b.mu held.
func (b *Book) file(channel vouchers.ChannelID, id GrantID) error {
	now := b.clock.now().latest()
	on := b.shelves[channel]
	live, recent := on.count(now - min(now, uint32(time.Hour/time.Second)))
	err := b.room(LimitLiveGrants, b.limits.LiveGrants, live, "grants of the channel are live", "revoke one, or let one expire")
	if err == nil {
		err = b.room(LimitNewGrants, b.limits.NewGrants, recent, "grants of the channel were made within an hour", "ask again later")
	}
	if err != nil {
		return err
	}
	b.shelves[channel] = append(on, filed{id: id, created: now})
	return nil
}

// unfile takes a grant off the shelf that was not made. Called with b.mu held.
func (b *Book) unfile(channel vouchers.ChannelID, id GrantID) {
	b.keepOn(channel, slices.DeleteFunc(b.shelves[channel], func(f filed) bool { return f.id == id }))
}

func (b *Book) keepOn(channel vouchers.ChannelID, left shelf) {
	if len(left) == 0 {
		delete(b.shelves, channel)
		return
	}
	b.shelves[channel] = left
}

// filedAs puts a grant of the store on its shelf.
func (b *Book) filedAs(r *Grant) {
	f := filed{id: r.ID, created: unix(r.Created.Unix())}
	if r.Returned != nil {
		f.ended = max(1, unix(r.EndedAt.Unix()))
	}
	b.shelves[r.Channel] = append(b.shelves[r.Channel], f)
}

// closed notes that nothing of a grant is left to be done. Called with b.mu held.
func (b *Book) closed(channel vouchers.ChannelID, id GrantID, at uint32) {
	if on := b.shelves[channel]; on.find(id) >= 0 {
		on[on.find(id)].ended = max(1, at)
	}
}

// List returns the grants of a channel, the oldest first, and of those that have ended
// what is remembered. One that cannot be read keeps no other back: the error is of those
// alone.
func (b *Book) List(channel vouchers.ChannelID) ([]Grant, error) {
	b.mu.RLock()
	on := slices.Clone(b.shelves[channel])
	b.mu.RUnlock()
	all := make([]Grant, 0, len(on))
	var failed []error
	for _, f := range on {
		r, err := b.record(f.id)
		switch {
		case errors.Is(err, ErrNoGrant): // it is being made, or was just forgotten
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
		left, gone := b.outlast(on, late)
		for _, f := range gone {
			puts = append(puts, vouchers.Put{Bucket: grantsBucket, Key: f.id[:]})
		}
		b.keepOn(channel, left)
	}
	b.mu.Unlock()
	for part := range slices.Chunk(puts, 1000) {
		if err := b.store.Submit(vouchers.Update{Puts: part}).Wait(context.WithoutCancel(ctx)); err != nil {
			return fmt.Errorf("forget %d credit grants that have ended: %w", len(part), err)
		}
	}
	return nil
}

// outlast parts a shelf into what is left of it, and what is forgotten.
func (b *Book) outlast(on shelf, late uint32) (left, gone shelf) {
	ended := 0
	for _, f := range on {
		if f.ended != 0 {
			ended++
		}
	}
	over := 0
	if b.limits.EndedGrants > 0 {
		over = max(0, ended-b.limits.EndedGrants)
	}
	left = slices.DeleteFunc(on, func(f filed) bool {
		age := late - min(late, f.ended)
		if f.ended == 0 || age < endedAtLeast {
			return false
		}
		old := b.limits.EndedTime > 0 && age >= uint32(min(b.limits.EndedTime/time.Second, MaxTime))
		if !old && over <= 0 {
			return false
		}
		if old {
			b.met(LimitEndedTime)
		} else {
			b.met(LimitEndedGrants)
		}
		over--
		gone = append(gone, f)
		return true
	})
	return left, gone
}
