package credit

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Run ends the grants that are over, at the interval and when calls have ended that
// were waited for, until ctx ends.
func (b *Book) Run(ctx context.Context, every time.Duration, logger *slog.Logger) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := b.Sweep(ctx); err != nil && ctx.Err() == nil {
			logger.Error("ending credit grants", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-b.wake:
		}
	}
}

// Sweep ends the grants that have expired or are used up, returns what ended grants
// without calls in flight have not spent to their channels, and forgets the counters
// of expired tokens and the grants that ended long ago.
func (b *Book) Sweep(ctx context.Context) error {
	b.changing.Lock()
	defer b.changing.Unlock()
	now := b.clock.now()
	var all []error
	for _, g := range b.candidates(now) {
		all = append(all, b.close(ctx, g, now))
	}
	return errors.Join(append(all, b.forget(ctx, now), b.forgetEnded(ctx, now))...)
}

// candidates returns the grants that are to be ended or closed.
func (b *Book) candidates(now moment) []*grant {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var found []*grant
	for _, g := range b.grants {
		g.mu.Lock()
		if g.over(now) != 0 {
			found = append(found, g)
		}
		g.mu.Unlock()
	}
	return found
}

// over returns why the grant is, or has to be, ended. Called with g.mu held.
func (g *grant) over(now moment) End {
	switch {
	case g.ended != 0:
		return g.ended
	case now.certain() >= g.expires:
		return EndExpired
	case g.usedUp():
		return EndUsedUp
	}
	return 0
}

// close ends a grant if it is not ended yet, and returns what it has not spent once
// its calls have ended. Called with b.changing held.
func (b *Book) close(ctx context.Context, g *grant, now moment) error {
	r, err := b.record(g.id)
	if err != nil {
		return err
	}
	g.mu.Lock()
	ended, why := g.ended != 0, g.over(now)
	g.mu.Unlock()
	if !ended && why == 0 {
		return nil
	}
	if r.Ended == 0 {
		if err := b.end(ctx, r, g, why, ""); err != nil {
			return err
		}
	}
	return b.giveBack(ctx, r, g)
}

// giveBack returns what an ended grant has not spent, unless it has calls in flight.
// Called with b.changing held.
func (b *Book) giveBack(ctx context.Context, r *Grant, g *grant) error {
	g.mu.Lock()
	busy, spent := g.inFlight > 0, g.charged()
	g.mu.Unlock()
	if busy {
		return nil
	}
	puts, err := b.deletions(g.id[:])
	if err != nil {
		return err
	}
	b.mu.RLock()
	for n := range b.revoked[g.id] {
		puts = append(puts, vouchers.Put{Bucket: revokedBucket, Key: revokedKey(g.id, n)})
	}
	b.mu.RUnlock()
	rest := r.Budget - spent
	r.Spent, r.Returned = spent, &rest
	r.note(Event{At: b.today(), What: DeedReturned, Amount: rest})
	put, err := r.put()
	if err != nil {
		return err
	}
	if err := b.ledger.GiveBack(context.WithoutCancel(ctx), g.on.channel, rest, append(puts, put)...); err != nil {
		return fmt.Errorf("return what grant %s has not spent: %w", g.id, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unlist(r)
	return nil
}

func revokedKey(id macaroon.GrantID, n macaroon.Node) []byte { return append(id[:], n[:]...) }

// deletions returns the puts that delete the counters with a prefix, none of which
// has a call in flight.
func (b *Book) deletions(prefix []byte) (puts []vouchers.Put, err error) {
	err = b.store.Bucket(countersBucket).ForEach(prefix, func(key, _ []byte) error {
		puts = append(puts, vouchers.Put{Bucket: countersBucket, Key: slices.Clone(key)})
		return nil
	})
	return puts, err
}

// expired takes the counters of expired tokens out of the live grants, and returns
// what their records begin with.
func (b *Book) expired(late uint32) (prefixes [][]byte) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, g := range b.grants {
		g.mu.Lock()
		g.drop(func(c *counter) bool {
			gone := c.expires != 0 && late >= c.expires && c.idle()
			if gone {
				prefixes = append(prefixes, slices.Concat(g.id[:], c.key[:]))
			}
			return gone
		})
		g.mu.Unlock()
	}
	return prefixes
}

// forget drops the counters of tokens that have expired while their grant lives on.
// That it is so late is written down first: a clock that is set back does not make
// such a token good again.
func (b *Book) forget(ctx context.Context, now moment) error {
	late := now.certain()
	var puts []vouchers.Put
	var all []error
	for _, prefix := range b.expired(late) {
		found, err := b.deletions(prefix)
		puts, all = append(puts, found...), append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		return fmt.Errorf("forget the counters of expired credit tokens: %w", err)
	}
	if len(puts) == 0 {
		return nil
	}
	puts = append(puts, vouchers.Put{Bucket: clockBucket, Key: clockKey, Value: binary.BigEndian.AppendUint32(nil, late)})
	if err := b.store.Submit(vouchers.Update{Puts: puts}).Wait(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("forget the counters of expired credit tokens: %w", err)
	}
	return nil
}

var clockKey = []byte("latest")

func (b *Book) readClock() (uint32, error) {
	value, err := b.store.Bucket(clockBucket).Get(clockKey)
	if err != nil || value == nil {
		return 0, err
	}
	if len(value) != 4 {
		return 0, errors.New("the latest time of the credit tokens is damaged")
	}
	return binary.BigEndian.Uint32(value), nil
}
