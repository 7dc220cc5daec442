package voucher

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
)

// A refund lowers a channel's balance on chain before the ledger knows. Until it does,
// the channel stays frozen, or calls would be sold against money that has left. So the
// freeze is written down before the refund is sent, and outlives a crash.

func (s *Seller) refunding() vouchers.Bucket { return s.store.Bucket("refunding") }

// beginRefund writes the freeze of a channel down.
func (s *Seller) beginRefund(ctx context.Context, id vouchers.ChannelID) error {
	if err := s.refunding().Put(ctx, id[:], []byte{}); err != nil {
		return fmt.Errorf("write the refund of channel %s down: %w", id, err)
	}
	return nil
}

// endRefund takes the chain's view of a refunded channel over. Where the chain or the
// store do not answer, the channel is to stay frozen, and [Seller.Run] tries again;
// otherwise the caller thaws it.
func (s *Seller) endRefund(ctx context.Context, id vouchers.ChannelID, t thaw) *terms.Refusal {
	refused := s.Refresh(ctx, t.till, t.config)
	if refused == nil {
		refused = terms.FromLedger(s.refunding().Delete(ctx, id[:]))
	}
	if refused != nil {
		s.frozen.Store(id, t)
	}
	return refused
}

// thaw is what ends the freeze of a channel.
type thaw struct {
	till     *till.Till
	config   vouchers.ChannelConfig
	unfreeze func()
}

// freezeAgain freezes the channels whose refund was on its way when the shop ended.
// Those of a deployment that the shop is not paid through any more stay frozen. One that
// cannot be frozen keeps neither the others from it nor the shop from opening.
func (s *Seller) freezeAgain() error {
	return s.refunding().ForEach(nil, func(key, _ []byte) error {
		if len(key) != len(vouchers.ChannelID{}) {
			s.logger.Error("the record of a refund that was on its way is damaged", "key", fmt.Sprintf("%x", key))
			return nil
		}
		id := vouchers.ChannelID(key)
		unfreeze, err := s.ledger.Freeze(id)
		if err != nil {
			s.logger.Error("a channel whose refund was on its way is not frozen", "channel", id, "error", err)
			return nil
		}
		channel, _ := s.ledger.Channel(id)
		if t := s.tills.Of(channel.Deployment); t != nil {
			s.frozen.Store(id, thaw{t, channel.Config, unfreeze})
		}
		return nil
	})
}

const (
	// thawEvery is how often frozen channels are looked at.
	thawEvery = 2 * time.Second
	// thawing is how many of them at once.
	thawing = 8
)

// Run thaws channels whose refund the ledger has caught up with, until the context ends.
func (s *Seller) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, on := range s.tills.Accounts {
		all.Go(func() { s.thawAll(ctx, on) })
	}
	all.Wait()
}

// thawAll thaws an account's frozen channels once nothing that was sent is on its way.
func (s *Seller) thawAll(ctx context.Context, on *till.Account) {
	ticker := time.NewTicker(thawEvery)
	defer ticker.Stop()
	for {
		s.thawOnce(ctx, on)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// thawOnce tries every frozen channel of an account. One that stays frozen keeps no
// other.
func (s *Seller) thawOnce(ctx context.Context, on *till.Account) {
	frozen := make(map[vouchers.ChannelID]thaw)
	s.frozen.Range(func(key, value any) bool {
		if t := value.(thaw); t.till.Account == on {
			frozen[key.(vouchers.ChannelID)] = t
		}
		return true
	})
	if len(frozen) == 0 || on.Sender.Idle(ctx) != nil {
		return
	}
	var group errgroup.Group
	group.SetLimit(thawing)
	for id, t := range frozen {
		group.Go(func() error {
			s.frozen.Delete(id)
			if refused := s.endRefund(ctx, id, t); refused != nil {
				return fmt.Errorf("channel %s: %s", id, refused.Detail)
			}
			t.unfreeze()
			return nil
		})
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		s.logger.Warn("refunded channels stay frozen", "looked at", len(frozen), "the first", err)
	}
}
