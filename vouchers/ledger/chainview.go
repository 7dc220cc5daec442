package ledger

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Open makes a channel known as the escrow has it, or updates the escrow's view
// of one that is known already, as [Ledger.SetChain] does. It is durable on
// return. A config that no escrow would accept is refused with [vouchers.ErrConfig].
//
// A new channel counts what was claimed on chain as charged: whatever it was
// charged for beyond that is not known here.
func (l *Ledger) Open(ctx context.Context, d vouchers.Deployment, c vouchers.ChannelConfig, s vouchers.ChainState) (vouchers.ChannelID, error) {
	if err := c.Validate(); err != nil {
		return vouchers.ChannelID{}, fmt.Errorf("open a channel in %s: %w", d, err)
	}
	t := l.intern(&vouchers.Terms{Deployment: d, Receiver: c.Receiver, ReceiverAuthorizer: c.ReceiverAuthorizer, Token: c.Token, WithdrawDelay: c.WithdrawDelay})
	id := t.domain.ChannelID(c)
	if ch := l.index.find(&id); ch != nil {
		return id, l.see(ctx, ch, s, false)
	}
	if err := l.store.Err(); err != nil {
		return vouchers.ChannelID{}, fmt.Errorf("open a channel in %s: %w", d, err)
	}
	ch, added := l.index.add(&id, func(ch *channel) {
		ch.terms, ch.payer, ch.authorizer, ch.salt = t, c.Payer, c.PayerAuthorizer, c.Salt
		l.doubt(ch)
	})
	return id, l.update(ctx, ch, func() bool { return ch.view(s, false) || added })
}

// SetChain takes over the escrow's view of a channel, durably. A view that is
// older than the known one (a lower, known Block) changes nothing. What was
// charged and what was signed is never lowered. [ErrChannelNotFound] if the
// channel is not known.
func (l *Ledger) SetChain(ctx context.Context, id vouchers.ChannelID, s vouchers.ChainState) error {
	return l.seeID(ctx, id, s, false)
}

// Reorganized is [Ledger.SetChain] after a reorganization of the chain: the view
// is taken over even if its block is lower than the known one.
func (l *Ledger) Reorganized(ctx context.Context, id vouchers.ChannelID, s vouchers.ChainState) error {
	return l.seeID(ctx, id, s, true)
}

func (l *Ledger) seeID(ctx context.Context, id vouchers.ChannelID, s vouchers.ChainState, evenOlder bool) error {
	ch := l.index.find(&id)
	if ch == nil {
		return fmt.Errorf("update channel %s: %w", id, ErrChannelNotFound)
	}
	return l.see(ctx, ch, s, evenOlder)
}

// Claimed notes that the channel was claimed up to total (atomic units, over its
// life), durably. A total below the known one changes nothing.
func (l *Ledger) Claimed(ctx context.Context, id vouchers.ChannelID, total vouchers.Amount) error {
	return l.updateID(ctx, id, func(ch *channel) bool {
		if total <= ch.claimed {
			return false
		}
		ch.claimed = total
		ch.catchUp()
		return true
	})
}

func (l *Ledger) updateID(ctx context.Context, id vouchers.ChannelID, change func(*channel) bool) error {
	ch := l.index.find(&id)
	if ch == nil {
		return fmt.Errorf("update channel %s: %w", id, ErrChannelNotFound)
	}
	return l.update(ctx, ch, func() bool { return change(ch) })
}

// update applies change, which reports whether there is anything to write, and
// waits until that is durable.
func (l *Ledger) update(ctx context.Context, ch *channel, change func() bool) error {
	return l.updateWith(ctx, ch, func() (bool, []vouchers.Put) { return change(), nil })
}

// updateWith is update with puts that become durable with the change.
func (l *Ledger) updateWith(ctx context.Context, ch *channel, change func() (bool, []vouchers.Put)) error {
	ch.mu.Lock()
	var ticket vouchers.Ticket
	if changed, puts := change(); changed {
		ch.touch(l.seconds())
		ticket = l.submit(ch, vouchers.Update{Puts: puts})
	}
	ch.mu.Unlock()
	if ticket == nil {
		return nil
	}
	if err := ticket.Wait(ctx); err != nil {
		return fmt.Errorf("update channel %s: %w", ch.id, err)
	}
	return nil
}

// view takes over the escrow's view, and reports whether it changed anything.
// Called with ch.mu held.
func (ch *channel) view(s vouchers.ChainState, evenOlder bool) bool {
	if s.Block != 0 && s.Block < ch.block.value() && !evenOlder {
		return false
	}
	if s.Block == 0 {
		s.Block = ch.block.value()
	}
	known := vouchers.ChainState{Balance: ch.balance, Claimed: ch.claimed, RefundNonce: uint64(ch.refundNonce), Block: ch.block.value()}
	if ch.busy != nil {
		known.Withdrawal = ch.busy.withdrawal
	}
	if s == known {
		return false
	}
	if nonce := nonce32(s.RefundNonce); nonce < ch.refundNonce {
		a := ch.active()
		a.highestNonce = max(a.highestNonce, ch.refundNonce)
	}
	ch.balance, ch.claimed, ch.refundNonce, ch.block = s.Balance, s.Claimed, nonce32(s.RefundNonce), narrow(s.Block)
	if s.Withdrawal != known.Withdrawal {
		ch.active().withdrawal = s.Withdrawal
	}
	ch.catchUp()
	return true
}

// catchUp keeps claimed <= charged <= ceiling where the chain knows of more claims
// than this ledger, which has then lost its memory: those vouchers are spent. A claim
// beyond what is burnt was made by somebody else, with a voucher that is not known.
func (ch *channel) catchUp() {
	ch.charged = max(ch.charged, ch.claimed)
	if ch.claimed > ch.burnt {
		ch.burn(max(ch.ceiling, ch.claimed))
	}
	if ch.ceiling >= ch.charged {
		return
	}
	ch.ceiling = ch.charged
	ch.setProof(nil)
	if ch.busy != nil {
		ch.busy.ceilings.floor = max(ch.busy.ceilings.floor, ch.ceiling)
	}
}

// Terms returns the terms of all channels that were known since the ledger was
// opened, once each, in any order.
func (l *Ledger) Terms() []vouchers.Terms {
	l.interning.Lock()
	defer l.interning.Unlock()
	all := make([]vouchers.Terms, 0, len(l.terms))
	for t := range l.terms {
		all = append(all, t)
	}
	return all
}

// Watched notes that the ledger has the escrow's view of every channel of a deployment
// as of a time. From the first such note on, a channel takes no payment once that is
// longer ago than half of its withdraw delay: its payer might withdraw unseen, and what
// was sold could not be claimed any more. An earlier time than the known one changes
// nothing. Views in which nobody claims this, as in a ledger without a watcher, never
// grow old.
func (l *Ledger) Watched(d vouchers.Deployment, at time.Time) {
	l.interning.Lock()
	watched := l.watchedLocked(d)
	l.interning.Unlock()
	seconds := at.Unix()
	for {
		known := watched.Load()
		if seconds <= known || watched.CompareAndSwap(known, seconds) {
			return
		}
	}
}

// watchedLocked returns the one note of a deployment: Unix seconds, 0 if there is none.
func (l *Ledger) watchedLocked(d vouchers.Deployment) *atomic.Int64 {
	if known := l.watched[d]; known != nil {
		return known
	}
	fresh := new(atomic.Int64)
	l.watched[d] = fresh
	return fresh
}

// blind refuses payments of channels whose view is too old; nil if it is not.
func (l *Ledger) blind(t *terms) *Refusal {
	if unseen := l.unseen(t.watched); unseen > time.Duration(t.WithdrawDelay/2)*time.Second {
		return &Refusal{Err: ErrUnwatched, Detail: fmt.Sprintf("%s was last seen %s ago", t.Deployment, unseen)}
	}
	return nil
}

func (l *Ledger) unseen(watched *atomic.Int64) time.Duration {
	at := watched.Load()
	if at == 0 {
		return 0
	}
	return time.Duration(l.now().Unix()-at) * time.Second
}

// Unseen returns how long ago the views of a deployment were the escrow's by
// [Ledger.Watched], 0 if nobody has said.
func (l *Ledger) Unseen(d vouchers.Deployment) time.Duration {
	l.interning.Lock()
	watched := l.watchedLocked(d)
	l.interning.Unlock()
	return l.unseen(watched)
}
