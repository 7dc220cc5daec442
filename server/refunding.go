package server

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// A refund lowers a channel's balance on chain before the ledger knows. Until it does,
// the channel stays frozen, or calls would be sold against money that has left. So the
// freeze is written down before the refund is sent, and outlives a crash.

func (s *Shop) refunding() vouchers.Bucket { return s.Store.Bucket("refunding") }

// beginRefund writes the freeze of a channel down.
func (s *Shop) beginRefund(ctx context.Context, id vouchers.ChannelID, config vouchers.ChannelConfig) error {
	raw, err := json.Marshal(config)
	if err == nil {
		err = s.refunding().Put(ctx, id[:], raw)
	}
	if err != nil {
		return fmt.Errorf("write the refund of channel %s down: %w", id, err)
	}
	return nil
}

// endRefund takes the chain's view of a refunded channel over. Where the chain or the
// store do not answer, the channel is to stay frozen, and [Shop.Run] tries again;
// otherwise the caller thaws it.
func (s *Shop) endRefund(ctx context.Context, id vouchers.ChannelID, t thaw) *refusal {
	refused := s.refreshAfter(ctx, t.till, t.config)
	if refused == nil {
		refused = asRefusal(s.refunding().Delete(ctx, id[:]))
	}
	if refused != nil {
		s.frozen.Store(id, t)
	}
	return refused
}

// thaw is what ends the freeze of a channel.
type thaw struct {
	till     *till
	config   vouchers.ChannelConfig
	unfreeze func()
}

// freezeAgain freezes the channels whose refund was on its way when the shop ended.
// Those of a deployment that the shop is not paid through any more stay frozen.
func (s *Shop) freezeAgain() error {
	return s.refunding().ForEach(nil, func(key, raw []byte) error {
		var config vouchers.ChannelConfig
		if err := json.Unmarshal(raw, &config); err != nil {
			return fmt.Errorf("read the refund of channel %x: %w", key, err)
		}
		id := vouchers.ChannelID(key)
		unfreeze, err := s.Ledger.Freeze(id)
		if err != nil {
			return err
		}
		channel, _ := s.Ledger.Channel(id)
		if t := s.tillOf(channel.Deployment); t != nil {
			s.frozen.Store(id, thaw{t, config, unfreeze})
		}
		return nil
	})
}

// thawEvery is how often a frozen channel is looked at.
const thawEvery = 2 * time.Second

// thawAll thaws an account's frozen channels once nothing that was sent is on its way.
func (s *Shop) thawAll(ctx context.Context, on *account) {
	ticker := time.NewTicker(thawEvery)
	defer ticker.Stop()
	for {
		s.frozen.Range(func(key, value any) bool {
			id, t := key.(vouchers.ChannelID), value.(thaw)
			if t.till.account != on {
				return true
			}
			if on.sender.Idle(ctx) != nil {
				return false
			}
			s.frozen.Delete(id)
			if refused := s.endRefund(ctx, id, t); refused != nil {
				s.logger.Warn("a refunded channel stays frozen", "channel", id, "error", refused.detail)
				return false
			}
			t.unfreeze()
			return true
		})
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
