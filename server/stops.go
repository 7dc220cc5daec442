package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// A loss is loud: it is an error in the log, with the channel, its payer, the amount, and
// what to do about it.

// watchful has the ledger stop channels in which another program with the shop's key takes
// part, and tell of that and of money that cannot be claimed any more.
func (s *Shop) watchful() []ledger.Option {
	return []ledger.Option{ledger.StopForeign(s.stopped), ledger.OnLoss(s.lost)}
}

func (s *Shop) stopped(stop ledger.Stop) {
	attributes := []any{
		"channel", stop.Channel, "payer", stop.Payer, "key", s.key,
		"claimed", stop.Claimed.String(), "claimed by this store", stop.Ours.String(), "refunds of others", stop.Refunds, "lost", stop.Lost.String(),
	}
	if stop.Forgiven {
		s.logger.Error("this store is an older copy of itself: what was claimed after the copy was made is on the chain, and what was sold then is not known here; a payer whose book says more is right",
			attributes...)
		return
	}
	s.logger.Error("another program with this key has taken from a channel, which sells no more: the two sell the same money twice. Find that program and stop it, or give one of them another key; then `chit channels resume` lets the channel go on",
		attributes...)
}

func (s *Shop) lost(l ledger.Loss) {
	s.logger.Error("money that was charged cannot be claimed any more, since it has left the channel or its deposit was lost in a reorganization: ask the payer to deposit it again, upon which the next settlement claims it",
		"channel", l.Channel, "payer", l.Payer, "amount", l.Amount.String(), "charged", l.Charged.String(), "balance", l.Balance.String())
}

// sayStops tells, when the shop opens, which channels are stopped since before.
func (s *Shop) sayStops() {
	for _, stop := range s.Ledger.Stops() {
		s.logger.Error("a channel sells nothing since another program with this key has taken from it: `chit channels resume` lets it go on",
			"channel", stop.Channel, "payer", stop.Payer, "since", stop.Since, "lost", stop.Lost.String())
	}
}

// ErrNotStopped says that a channel takes payments as it is.
var ErrNotStopped = errors.New("the channel is not stopped")

// Resume lets channels that were stopped take payments again, all that are if none is
// named, and returns why they were. The chain's view of each is taken over first; one
// that cannot be read stays stopped, and keeps no other. Errors wrap [ErrNotStopped] or
// [ledger.ErrChannelNotFound].
func (s *Shop) Resume(ctx context.Context, ids ...vouchers.ChannelID) ([]ledger.Stop, error) {
	if len(ids) == 0 {
		for _, stop := range s.Ledger.Stops() {
			ids = append(ids, stop.Channel)
		}
	}
	resumed, failed := []ledger.Stop{}, []error(nil)
	for _, id := range ids {
		stop, err := s.resume(ctx, id)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		s.logger.Warn("a channel that was stopped sells again", "channel", id, "payer", stop.Payer)
		resumed = append(resumed, stop)
	}
	return resumed, errors.Join(failed...)
}

func (s *Shop) resume(ctx context.Context, id vouchers.ChannelID) (ledger.Stop, error) {
	channel, known := s.Ledger.Channel(id)
	if !known {
		return ledger.Stop{}, fmt.Errorf("resume channel %s: %w", id, ledger.ErrChannelNotFound)
	}
	if t := s.tills.Of(channel.Deployment); t != nil {
		if refused := s.vouchers.Refresh(ctx, t, channel.Config); refused != nil {
			return ledger.Stop{}, fmt.Errorf("resume channel %s: look at it first: %s", id, refused.Detail)
		}
	}
	stop, stopped := s.Ledger.Stopped(id)
	if !stopped {
		return stop, fmt.Errorf("resume channel %s: %w", id, ErrNotStopped)
	}
	return stop, s.Ledger.Resume(ctx, id)
}
