package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
)

// One key sells from one ledger. Two ledgers with the same key each sell what the other
// has claimed already, and neither can see the other but on chain. So a ledger that is
// given [StopForeign] takes no more payments of a channel in which the escrow shows what
// it has not done, until its owner says [Ledger.Resume].

// Stop says why a channel takes no payments: somebody else who has the seller's key has
// claimed from it, or given a refund of it. Amounts are atomic units.
type Stop struct {
	Channel vouchers.ChannelID `json:"channel"`
	Payer   common.Address     `json:"payer"`
	Since   time.Time          `json:"since"`
	// Claimed is what the escrow shows as claimed, Ours how much of that was known here.
	Claimed vouchers.Amount `json:"claimed"`
	Ours    vouchers.Amount `json:"ours"`
	// Lost is what this ledger has charged and others have claimed, which it cannot claim
	// any more.
	Lost vouchers.Amount `json:"lost"`
	// Refunds is how many refunds others gave.
	Refunds uint64 `json:"refunds,omitempty"`
	// Forgiven says that the channel goes on, because the ledger is an old copy (see
	// [Ledger.Forgive]).
	Forgiven bool `json:"-"`
}

// Loss is what was charged in a channel that the channel does not hold any more.
type Loss struct {
	Channel vouchers.ChannelID
	Payer   common.Address
	// Charged and Balance are the channel's; Amount is what is missing, in atomic units.
	Charged, Balance, Amount vouchers.Amount
}

// StopForeign stops the selling in channels in which somebody else claims with the
// seller's key or gives refunds, and calls stopped for each such find. Without it they go
// on. The function must be quick, and is called from any goroutine.
func StopForeign(stopped func(Stop)) Option { return func(o *options) { o.stopped = stopped } }

// OnLoss calls lost when the escrow's view of a channel shows that it does not hold what
// was charged, and again when that becomes more. The function must be quick, and is
// called from any goroutine.
func OnLoss(lost func(Loss)) Option { return func(o *options) { o.lost = lost } }

// stopBucket is the store's bucket of the channels that are stopped, by their ids.
const stopBucket = "stopped"

// Forgive says, with true, that the ledger is an older copy of itself, so that the chain
// shows what it did later: that stops no channel, until Forgive is called with false.
func (l *Ledger) Forgive(older bool) { l.forgiving.Store(older) }

// Stops returns the channels that are stopped, those that were first first.
func (l *Ledger) Stops() []Stop {
	l.stopping.Lock()
	defer l.stopping.Unlock()
	all := make([]Stop, 0, len(l.stops))
	for _, stop := range l.stops {
		all = append(all, stop)
	}
	slices.SortFunc(all, func(a, b Stop) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return slices.Compare(a.Channel[:], b.Channel[:])
	})
	return all
}

// Stopped returns why a channel takes no payments, and false if it does.
func (l *Ledger) Stopped(id vouchers.ChannelID) (Stop, bool) {
	l.stopping.Lock()
	defer l.stopping.Unlock()
	stop, stopped := l.stops[id]
	return stop, stopped
}

// Resume lets a channel that was stopped take payments again, durably. One that is not
// stopped stays as it is. [ErrChannelNotFound] if the channel is not known.
func (l *Ledger) Resume(ctx context.Context, id vouchers.ChannelID) error {
	ch := l.index.find(&id)
	if ch == nil {
		return fmt.Errorf("resume channel %s: %w", id, ErrChannelNotFound)
	}
	err := l.updateWith(ctx, ch, func() (bool, []vouchers.Put) {
		if !ch.isStopped() {
			return false, nil
		}
		ch.busy.stopped = false
		l.stopping.Lock()
		defer l.stopping.Unlock()
		delete(l.stops, id)
		return true, []vouchers.Put{{Bucket: stopBucket, Key: id[:]}}
	})
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}

func (ch *channel) isStopped() bool { return ch.busy != nil && ch.busy.stopped }

// loadStops reads which channels are stopped.
func (l *Ledger) loadStops() error {
	return l.store.Bucket(stopBucket).ForEach(nil, func(key, value []byte) error {
		if len(key) != len(vouchers.ChannelID{}) {
			return nil // names no channel
		}
		id := vouchers.ChannelID(key)
		ch := l.index.find(&id)
		if ch == nil {
			return nil
		}
		var stop Stop
		if json.Unmarshal(value, &stop) != nil { // stopped it is, for whatever reason
			stop = Stop{}
		}
		stop.Channel, stop.Payer = id, ch.payer
		ch.active().stopped = true
		l.stops[id] = stop
		return nil
	})
}

// see takes the escrow's view of a channel over, durably, and stops the channel where the
// view shows what somebody else did.
func (l *Ledger) see(ctx context.Context, ch *channel, s vouchers.ChainState, evenOlder bool) error {
	var stop *Stop
	var loss *Loss
	err := l.updateWith(ctx, ch, func() (bool, []vouchers.Put) {
		found, missing := l.foreign(ch, s), ch.missing()
		if !ch.view(s, evenOlder) {
			return false, nil
		}
		if more := ch.missing(); more > missing {
			loss = &Loss{Channel: ch.id, Payer: ch.payer, Charged: ch.charged, Balance: ch.balance, Amount: more}
		}
		if stop = found; stop == nil || stop.Forgiven {
			return true, nil
		}
		return true, l.stop(ch, stop)
	})
	if stop != nil {
		l.options.stopped(*stop)
	}
	if loss != nil && l.options.lost != nil {
		l.options.lost(*loss)
	}
	return err
}

// missing is what was charged and is not in the channel. Called with ch.mu held.
func (ch *channel) missing() vouchers.Amount { return ch.charged.Minus(ch.balance) }

// foreign returns what a view shows that this ledger did not do, nil if there is nothing.
// A claim of its own is of no more than was charged, with a voucher that is burnt. A
// refund of its own finds the channel frozen. The escrow counts finished withdrawals as
// refunds: one is pending here, or the chain was not seen for as long as it takes. What
// comes back after a reorganization is not new. Called with ch.mu held.
func (l *Ledger) foreign(ch *channel, s vouchers.ChainState) *Stop {
	if l.options.stopped == nil || s.Block != 0 && s.Block < ch.block.value() {
		return nil
	}
	claimed := s.Claimed > ch.claimed && (s.Claimed > ch.burnt || s.Claimed > ch.charged)
	refunds := uint64(0)
	if known := uint64(ch.refundNonce); s.RefundNonce > known && !ch.expectsRefund(s.RefundNonce) &&
		l.unseen(ch.terms.watched) < time.Duration(ch.terms.WithdrawDelay)*time.Second {
		refunds = s.RefundNonce - known
	}
	if !claimed && refunds == 0 {
		return nil
	}
	stop := &Stop{
		Channel: ch.id, Payer: ch.payer, Since: l.now().UTC(),
		Claimed: s.Claimed, Ours: ch.claimed, Refunds: refunds, Forgiven: l.forgiving.Load(),
	}
	if claimed {
		stop.Lost = min(ch.charged, s.Claimed).Minus(ch.claimed)
	}
	return stop
}

// expectsRefund reports whether the escrow's nonce may be so high by what is known here.
// Called with ch.mu held.
func (ch *channel) expectsRefund(nonce uint64) bool {
	a := ch.busy
	return a != nil && (a.frozen || a.withdrawal.FinalizeAfter != 0 || nonce <= uint64(a.highestNonce))
}

// stop stops a channel, and returns what makes that durable. What was lost before is added
// up. Called with ch.mu held.
func (l *Ledger) stop(ch *channel, stop *Stop) []vouchers.Put {
	l.stopping.Lock()
	defer l.stopping.Unlock()
	if before, again := l.stops[ch.id]; again {
		stop.Since, stop.Ours = before.Since, before.Ours
		stop.Lost += before.Lost
		stop.Refunds += before.Refunds
	}
	ch.active().stopped = true
	l.stops[ch.id] = *stop
	value, err := json.Marshal(stop)
	if err != nil {
		return nil // there is nothing in it that cannot be encoded
	}
	return []vouchers.Put{{Bucket: stopBucket, Key: ch.id[:], Value: value}}
}

// Freeze stops a channel for a cooperative refund: until unfreeze is called no
// payment of it is accepted. It refuses with [ErrChannelBusy] while calls are in
// flight, with [ErrChannelFrozen] if the channel is frozen already, and with
// [ErrChannelNotFound]. A freeze does not survive a restart.
func (l *Ledger) Freeze(id vouchers.ChannelID) (unfreeze func(), err error) {
	ch := l.index.find(&id)
	if ch == nil {
		return nil, fmt.Errorf("freeze channel %s: %w", id, ErrChannelNotFound)
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	a := ch.active()
	if a.frozen {
		return nil, fmt.Errorf("freeze channel %s: %w", id, ErrChannelFrozen)
	}
	if a.inFlight > 0 {
		return nil, fmt.Errorf("freeze channel %s: %w: %d; try again when they have ended", id, ErrChannelBusy, a.inFlight)
	}
	a.frozen = true
	return sync.OnceFunc(func() {
		ch.mu.Lock()
		defer ch.mu.Unlock()
		a.frozen = false
	}), nil
}
