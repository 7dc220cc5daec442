package settle

import (
	"cmp"
	"context"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Policy says when a shop settles by itself, beside the interval that Serve is
// given, and what it may cost. The zero value defends withdrawals and nothing else.
type Policy struct {
	// ChannelValue settles a channel with so much to claim, TotalValue all of them when
	// they have so much together, in atomic USDC; 0 never.
	ChannelValue vouchers.Amount
	TotalValue   vouchers.Amount
	// MaxAge settles all when something has been waiting for so long; 0 never.
	MaxAge time.Duration
	// LowBalance settles a channel of whose balance at most so many percent are left,
	// once for each deposit; 0 never.
	LowBalance int
	// IdleAfter is for how long a channel must not have been used until its newest voucher
	// is claimed with; 0 is [DefaultIdleAfter]. Until then a claim leaves the price of the
	// last call for later.
	IdleAfter time.Duration
	// MaxKeptBack is from how much on, in atomic USDC, a channel's newest voucher is claimed
	// with though the channel is in use, if only that voucher allows so much; 0 is
	// [DefaultMaxKeptBack].
	MaxKeptBack vouchers.Amount
	// OnShutdown settles when Serve ends.
	OnShutdown bool
	// CoinPrice is what one coin of the chain costs, in atomic USDC; 0 is not known.
	CoinPrice vouchers.Amount
	// MaxCostShare is how many percent of a channel's value its share of the gas may
	// cost before it is postponed; 0 is 100. It takes a CoinPrice. Channels at risk are
	// postponed where the gas costs more than all of their value alone.
	MaxCostShare int
	// MaxGasPrice is the most that is paid per gas, in wei; nil is no limit. Channels at
	// risk are claimed at any price.
	MaxGasPrice *big.Int
}

// DefaultIdleAfter is what [Policy.IdleAfter] is where it says nothing.
const DefaultIdleAfter = 24 * time.Hour

// DefaultMaxKeptBack is what [Policy.MaxKeptBack] is where it says nothing: 10 USDC.
const DefaultMaxKeptBack = vouchers.Amount(10_000_000)

func (p Policy) maxKeptBack() vouchers.Amount { return cmp.Or(p.MaxKeptBack, DefaultMaxKeptBack) }

func (p Policy) idleAfter() time.Duration { return cmp.Or(p.IdleAfter, DefaultIdleAfter) }

var weiPerCoin = big.NewInt(1e18)

func (p Policy) hasTriggers() bool {
	return p.ChannelValue > 0 || p.TotalValue > 0 || p.MaxAge > 0 || p.LowBalance > 0
}

// InUSDC converts wei, and returns nil if the coin's price is not known.
func (p Policy) InUSDC(wei *big.Int) *vouchers.Amount {
	if p.CoinPrice == 0 {
		return nil
	}
	usdc := new(big.Int).Mul(wei, p.CoinPrice.Big())
	amount, err := vouchers.AmountFromBig(usdc.Div(usdc, weiPerCoin))
	if err != nil {
		return nil
	}
	return &amount
}

// leastValue is what a channel must have to claim so that its share of the gas, in
// wei, is worth it, and atRisk what it must have if a withdrawal threatens it: a claim
// that costs more than it brings is left to the payer. Both are 0 if the price of the
// coin is not known.
func (p Policy) leastValue(wei *big.Int) (least, atRisk vouchers.Amount) {
	cost := p.InUSDC(wei)
	if cost == nil {
		return 0, 0
	}
	if p.MaxCostShare <= 0 {
		return *cost, *cost
	}
	return *cost * 100 / vouchers.Amount(p.MaxCostShare), *cost
}

// AtRisk reports whether a pending withdrawal takes what was charged.
func AtRisk(ch ledger.Channel) bool {
	if ch.Withdrawal.FinalizeAfter == 0 || ch.Claimable() == 0 {
		return false
	}
	after, fits := ch.Charged.Add(ch.Withdrawal.Amount)
	return !fits || after > ch.Balance
}

// watch is what the triggers remember between two looks.
type watch struct {
	alarm chan struct{} // has one when a withdrawal was seen

	mu      sync.Mutex                             // guards what follows
	looked  bool                                   // for withdrawals that were pending before this process began
	pending map[vouchers.ChannelID]bool            // withdrawals, and whether the channel was claimed from since
	since   map[vouchers.ChannelID]time.Time       // when something to claim was first seen
	low     map[vouchers.ChannelID]vouchers.Amount // at which balance a channel was settled as low
}

func newWatch() *watch {
	return &watch{
		alarm: make(chan struct{}, 1), pending: make(map[vouchers.ChannelID]bool),
		since: make(map[vouchers.ChannelID]time.Time), low: make(map[vouchers.ChannelID]vouchers.Amount),
	}
}

// Defend has a channel claimed at once, since its payer has announced a withdrawal.
// What calls in flight are charged later is claimed then, if the withdrawal takes it.
func (s *Settler) Defend(ch ledger.Channel) {
	s.watch.mu.Lock()
	s.watch.pending[ch.ID] = false
	s.watch.mu.Unlock()
	select {
	case s.watch.alarm <- struct{}{}:
	default: // there is an alarm already
	}
}

// checkEvery is how often the triggers are looked at.
const checkEvery = 15 * time.Second

// Run settles when the policy says so, and everything at the interval (0 never),
// until the context ends. A failed settlement is logged and tried again. A
// withdrawal is defended also while another settlement is stuck.
func (s *Settler) Run(ctx context.Context, interval time.Duration) {
	var both sync.WaitGroup
	both.Go(func() { s.repeat(ctx, checkEvery, s.watch.alarm, s.defend) })
	both.Go(func() { s.repeat(ctx, checkEvery, nil, s.settleTriggered) })
	if interval > 0 {
		s.repeat(ctx, interval, nil, func(ctx context.Context) error { return s.settleDue(ctx, Request{}, "interval") })
	}
	both.Wait()
}

// repeat does something at an interval and at an alarm, until the context ends.
func (s *Settler) repeat(ctx context.Context, interval time.Duration, alarm <-chan struct{}, do func(context.Context) error) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-alarm:
		case <-ticker.C:
		}
		err := do(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, txmgr.ErrFee):
			s.Logger.Info("settling waits for cheaper gas", "error", err)
		default:
			s.Logger.Error("settle", "error", err)
		}
	}
}

// Check looks at every trigger but the interval and settles what is due: channels
// that a withdrawal threatens first.
func (s *Settler) Check(ctx context.Context) error {
	return errors.Join(s.defend(ctx), s.settleTriggered(ctx))
}

// defend claims from the channels that a withdrawal threatens, at any price.
func (s *Settler) defend(ctx context.Context) error {
	ids := s.threatened()
	if len(ids) == 0 {
		return nil
	}
	if _, err := s.SettleAs(ctx, Request{Channels: ids, urgent: true, automatic: true}, nil); err != nil {
		return err
	}
	s.calm(ids)
	return nil
}

// settleTriggered settles what the policy's triggers ask for.
func (s *Settler) settleTriggered(ctx context.Context) error {
	if !s.Policy.hasTriggers() {
		return nil
	}
	switch due := s.due(); {
	case due.all != "":
		return s.settleDue(ctx, Request{}, due.all)
	case len(due.some) > 0:
		return s.settleDue(ctx, Request{Channels: due.some}, "channel")
	}
	return nil
}

func (s *Settler) settleDue(ctx context.Context, req Request, trigger string) error {
	req.automatic, req.MaxGasPrice = true, s.Policy.MaxGasPrice
	done, err := s.SettleAs(ctx, req, nil)
	if done.Channels > 0 {
		s.Logger.Info("settled by itself", "trigger", trigger, "channels", done.Channels, "claimed", done.Claimed)
	}
	return err
}

// calm notes that channels were claimed from since their withdrawal.
func (s *Settler) calm(ids []vouchers.ChannelID) {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	for _, id := range ids {
		s.watch.pending[id] = true
	}
}

// threatened returns the channels to claim from because of a withdrawal: once, and
// again whenever it would take what was charged. The watcher tells of new ones; those
// that were known before are looked for once.
func (s *Settler) threatened() []vouchers.ChannelID {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if !s.watch.looked {
		s.watch.looked = true
		for ch := range s.Ledger.Channels() {
			_, known := s.watch.pending[ch.ID]
			if !known && ch.Deployment == s.Escrow.Deployment() && ch.Withdrawal.FinalizeAfter > 0 {
				s.watch.pending[ch.ID] = true
			}
		}
	}
	var ids []vouchers.ChannelID
	for id, claimed := range s.watch.pending {
		ch, _ := s.Ledger.Channel(id)
		switch {
		case ch.Withdrawal.FinalizeAfter == 0:
			delete(s.watch.pending, id)
		case ch.Claimable() > 0 && (!claimed || AtRisk(ch)):
			ids = append(ids, id)
		}
	}
	return ids
}

// dueNow is what the triggers ask for.
type dueNow struct {
	some []vouchers.ChannelID
	all  string // the trigger that asks for everything, or empty
}

func (s *Settler) due() dueNow {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	var due dueNow
	now, total := s.now(), vouchers.Amount(0)
	since := make(map[vouchers.ChannelID]time.Time)
	for ch := range s.Ledger.Channels() {
		value := s.claimableNow(ch)
		if value == 0 || ch.Deployment != s.Escrow.Deployment() || !s.Asides.isDue(ch.ID, now) {
			continue
		}
		if s.isLow(ch) || s.Policy.ChannelValue > 0 && value >= s.Policy.ChannelValue {
			due.some = append(due.some, ch.ID)
		}
		total += value
		first, seen := s.watch.since[ch.ID]
		if !seen {
			first = ch.Used // a deposit, which anybody can make, makes nothing younger
		}
		since[ch.ID] = first
		if s.Policy.MaxAge > 0 && now.Sub(first) >= s.Policy.MaxAge {
			due.all = "age"
		}
	}
	s.watch.since = since
	if s.Policy.TotalValue > 0 && total >= s.Policy.TotalValue {
		due.all = "value"
	}
	return due
}

// isLow reports, once for each balance, whether little of a channel is left.
func (s *Settler) isLow(ch ledger.Channel) bool {
	share := vouchers.Amount(max(s.Policy.LowBalance, 0))
	if share == 0 || s.watch.low[ch.ID] == ch.Balance || ch.Spendable() > ch.Balance/100*share {
		return false
	}
	s.watch.low[ch.ID] = ch.Balance
	return true
}
