package watch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/chitpay/chit/escrow"
	"github.com/chitpay/chit/internal/failures"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Watcher follows an escrow and keeps a ledger's view of its channels true: it reads
// the logs of every block once, and the state of each channel that they touch. Its
// place is kept in a bucket of the store, so that it goes on after a restart where
// it was. After a reorganization it reads again every channel whose view may come
// from a block that is gone.
//
// A deposit is credited when it is deep enough; a withdrawal is seen with its first
// block.
type Watcher struct {
	contract *escrow.Contract
	ledger   *ledger.Ledger
	trail    trail
	options  options

	below int // polls in a row that found the head below where this was
	sight sight

	learning sync.Mutex // guards learned
	learned  map[vouchers.ChannelID]struct{}
}

type options struct {
	confirmations  uint64
	withdrawals    func(ledger.Channel)
	logger         *slog.Logger
	now            func() time.Time
	after          func(time.Duration) <-chan time.Time
	shortest, long time.Duration
}

// Option adjusts a watcher.
type Option func(*options)

// WithDepth sets in how many blocks a deposit must be to be credited. The default is
// 1: mined.
func WithDepth(confirmations uint64) Option {
	return func(o *options) { o.confirmations = max(confirmations, 1) }
}

// OnWithdrawal is called when a payer has announced a withdrawal. It must be quick.
func OnWithdrawal(f func(ledger.Channel)) Option {
	return func(o *options) { o.withdrawals = f }
}

// WithLogger takes what the operator should know; the default is slog's.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithPoll sets how long [Watcher.Run] waits between two looks at the chain: the
// shortest pause while blocks come, the longest while none do or the chain does not
// answer. The default is 500 ms to 12 s.
func WithPoll(shortest, longest time.Duration) Option {
	return func(o *options) { o.shortest, o.long = shortest, longest }
}

// WithClock sets what tells the time and what waits; the default is package time.
func WithClock(now func() time.Time, after func(time.Duration) <-chan time.Time) Option {
	return func(o *options) { o.now, o.after = now, after }
}

// New returns a watcher, which keeps its place in the bucket.
func New(contract *escrow.Contract, into *ledger.Ledger, bucket vouchers.Bucket, opts ...Option) *Watcher {
	w := &Watcher{contract: contract, ledger: into, trail: trail{bucket: bucket}, learned: make(map[vouchers.ChannelID]struct{}), options: options{
		confirmations: 1, withdrawals: func(ledger.Channel) {}, logger: slog.Default(),
		now: time.Now, after: time.After, shortest: 500 * time.Millisecond, long: 12 * time.Second,
	}}
	for _, set := range opts {
		set(&w.options)
	}
	return w
}

// Learned tells the watcher that somebody else took the chain's view of a channel
// into the ledger. That may be of a block that is gone before the watcher has seen
// it, so the next poll looks again.
func (w *Watcher) Learned(id vouchers.ChannelID) {
	w.learning.Lock()
	defer w.learning.Unlock()
	w.learned[id] = struct{}{}
}

// Run follows the chain until the context ends. A poll that fails is logged and
// tried again.
func (w *Watcher) Run(ctx context.Context) {
	pause := w.options.shortest
	for ctx.Err() == nil {
		moved, err := w.Poll(ctx)
		if ctx.Err() != nil {
			return
		}
		w.alarm(err)
		switch {
		case err != nil:
			w.options.logger.Warn("watch the escrow", "error", err)
			pause = min(2*pause, w.options.long)
		case moved:
			pause = max(pause*3/4, w.options.shortest)
		default:
			pause = min(pause*5/4, w.options.long)
		}
		select {
		case <-ctx.Done():
		case <-w.options.after(pause):
		}
	}
}

// Poll looks at the chain once, and reports whether there were new blocks. After an
// error the next poll does the same work again. It is not safe for concurrent use.
func (w *Watcher) Poll(ctx context.Context) (moved bool, err error) {
	moved, err = w.poll(ctx)
	if err != nil {
		return false, fmt.Errorf("follow escrow %s: %w", w.contract.Deployment(), err)
	}
	return moved, nil
}

func (w *Watcher) poll(ctx context.Context) (bool, error) {
	if err := w.trail.load(); err != nil {
		return false, err
	}
	head, err := w.contract.Client().Header(ctx, nil)
	if err != nil {
		return false, err
	}
	here := step{Number: head.Number.Uint64(), Hash: head.Hash(), Seen: w.options.now()}
	last, known := w.trail.last()
	switch {
	case !known:
		return true, w.arrive(ctx, head, here) // what was before is for Reconcile
	case last.Number == here.Number && last.Hash == here.Hash:
		w.below = 0
		w.sees(head)
		return false, nil
	}
	fork, reorganized, err := w.fork(ctx, here)
	if err != nil {
		return false, err
	}
	if reorganized {
		if here.Number < last.Number && w.waitsForLag() {
			return false, nil
		}
		if err := w.rollBack(ctx, fork, here); err != nil {
			return false, err
		}
		last = fork
	}
	w.below = 0
	if last != (step{}) { // without a fork every channel was read already
		if err := w.follow(ctx, last, here); err != nil {
			return false, err
		}
	}
	return true, w.arrive(ctx, head, here)
}

// arrive notes that the ledger knows everything up to here.
func (w *Watcher) arrive(ctx context.Context, head *types.Header, here step) error {
	if err := w.trail.add(ctx, here); err != nil {
		return err
	}
	w.sees(head)
	return nil
}

// lagPolls is for how many polls a head below the last one is taken for that of an
// endpoint that lags.
const lagPolls = 3

func (w *Watcher) waitsForLag() bool {
	w.below++
	return w.below <= lagPolls
}

// fork returns the latest step that is still on the chain, and whether any step is
// not. The zero step is none.
func (w *Watcher) fork(ctx context.Context, head step) (fork step, reorganized bool, err error) {
	for s := range w.trail.backward() {
		if s.Number <= head.Number {
			hash := head.Hash
			if s.Number < head.Number {
				header, err := w.contract.Client().Header(ctx, s.number())
				switch {
				case errors.Is(err, ethereum.NotFound):
				case err != nil:
					return step{}, false, err
				default:
					hash = header.Hash()
				}
			}
			if hash == s.Hash {
				return s, reorganized, nil
			}
		}
		reorganized = true
	}
	return step{}, true, nil
}

// margin is how much later than its step the ledger may have learned something from
// an endpoint that was behind.
const margin = 2 * time.Minute

// rollBack reads again every channel whose view is younger than the fork.
func (w *Watcher) rollBack(ctx context.Context, fork, here step) error {
	since := fork.Seen.Add(-margin)
	w.options.logger.Warn("the chain was reorganized", "fork", fork.Number)
	err := w.each(ctx, here.Number, func(ch ledger.Channel) bool { return !ch.Updated.Before(since) },
		func(ch ledger.Channel, state vouchers.ChainState) error {
			return w.taken(ch, w.ledger.Reorganized(ctx, ch.ID, state))
		})
	if err != nil {
		return err
	}
	return w.trail.cut(ctx, fork)
}

// follow reads the channels that the blocks after the last step touch.
func (w *Watcher) follow(ctx context.Context, last, here step) error {
	if here.Number-min(last.Number, here.Number) > maxGap {
		w.options.logger.Warn("the chain is far ahead: every channel is read", "blocks", here.Number-last.Number)
		return w.each(ctx, here.Number, func(ledger.Channel) bool { return true }, w.take(ctx))
	}
	touched := &touched{channels: w.takeLearned(), earners: make(map[earner]uint64)}
	err := w.followTouched(ctx, last, here, touched)
	if err != nil { // nothing that was learned is forgotten
		for id := range touched.channels {
			w.Learned(id)
		}
	}
	return err
}

// takeLearned returns what was learned since the last poll.
func (w *Watcher) takeLearned() map[vouchers.ChannelID]struct{} {
	w.learning.Lock()
	defer w.learning.Unlock()
	learned := w.learned
	w.learned = make(map[vouchers.ChannelID]struct{})
	return learned
}

func (w *Watcher) followTouched(ctx context.Context, last, here step, touched *touched) error {
	if err := w.scan(ctx, last.Number+1, here.Number, allEvents, touched); err != nil {
		return err
	}
	if depth := w.options.confirmations - 1; depth > 0 && here.Number > depth {
		// Those of the last step that were not deep enough then.
		from := last.Number + 1 - min(depth, last.Number+1)
		if err := w.scan(ctx, from, here.Number-depth, depositsAlone, touched); err != nil {
			return err
		}
	}
	return w.readTouched(ctx, here.Number, touched)
}

// maxGap is beyond how many blocks reading every channel is cheaper than reading the logs.
const maxGap = 100_000

// take puts a state into the ledger. One that is older than what the ledger has
// learned meanwhile is looked at again.
func (w *Watcher) take(ctx context.Context) func(ledger.Channel, vouchers.ChainState) error {
	return func(ch ledger.Channel, state vouchers.ChainState) error {
		if state.Block < ch.Block {
			w.Learned(ch.ID)
			return nil
		}
		return w.taken(ch, w.ledger.SetChain(ctx, ch.ID, state))
	}
}

// taken announces what a view brought. One that cannot be written down is looked at again
// and keeps no other back, unless nothing can be written any more.
func (w *Watcher) taken(before ledger.Channel, err error) error {
	w.announce(before)
	if err == nil || errors.Is(err, vouchers.ErrStoreFailed) || errors.Is(err, vouchers.ErrStoreClosed) {
		return err
	}
	w.passOver(before.ID, "the view of a channel cannot be written down", err)
	return nil
}

// passOver leaves a channel for the next look.
func (w *Watcher) passOver(id vouchers.ChannelID, what string, err error) {
	w.options.logger.Error(what+"; it is looked at again", "channel", id, "error", err)
	w.Learned(id)
}

// announce tells of a withdrawal that the channel did not have before.
func (w *Watcher) announce(before ledger.Channel) {
	after, ok := w.ledger.Channel(before.ID)
	if ok && after.Withdrawal.FinalizeAfter > 0 && after.Withdrawal != before.Withdrawal {
		w.options.logger.Warn("a withdrawal is pending", "channel", after.ID, "amount", after.Withdrawal.Amount,
			"after", time.Unix(int64(after.Withdrawal.FinalizeAfter), 0).UTC(), "claimable", after.Claimable())
		w.options.withdrawals(after)
	}
}

// each reads the state of the channels that want it as of a block, in batches, and
// hands it on. Block 0 is the latest. What cannot be taken keeps no other back; where the
// chain does not answer it ends.
func (w *Watcher) each(ctx context.Context, block uint64, wants func(ledger.Channel) bool, take func(ledger.Channel, vouchers.ChainState) error) error {
	return w.readAll(ctx, block, func(yield func(ledger.Channel) bool) {
		for ch := range w.ledger.Channels() {
			if ch.Deployment == w.contract.Deployment() && wants(ch) && !yield(ch) {
				return
			}
		}
	}, take)
}

func (w *Watcher) readAll(ctx context.Context, block uint64, all iter.Seq[ledger.Channel], take func(ledger.Channel, vouchers.ChainState) error) error {
	var failed failures.List
	batch := make([]ledger.Channel, 0, escrow.StatesPerCall)
	flush := func() error {
		err := w.readBatch(ctx, block, batch, func(ch ledger.Channel, state vouchers.ChainState) { failed.Add(take(ch, state)) })
		batch = batch[:0]
		return err
	}
	for ch := range all {
		if batch = append(batch, ch); len(batch) == escrow.StatesPerCall {
			if err := flush(); err != nil {
				return errors.Join(failed.Err(), err)
			}
		}
	}
	err := flush()
	return errors.Join(failed.Err(), err)
}

func (w *Watcher) readBatch(ctx context.Context, block uint64, batch []ledger.Channel, take func(ledger.Channel, vouchers.ChainState)) error {
	if len(batch) == 0 {
		return nil
	}
	configs := make([]vouchers.ChannelConfig, len(batch))
	for i, ch := range batch {
		configs[i] = ch.Config
	}
	states, err := w.contract.ReadStates(ctx, configs, block, w.options.confirmations)
	if err != nil {
		return err
	}
	for i, ch := range batch {
		if states[i].Err != nil {
			w.passOver(ch.ID, "a channel cannot be read, and keeps its last view", states[i].Err)
			continue
		}
		take(ch, states[i].ChainState)
	}
	return nil
}
