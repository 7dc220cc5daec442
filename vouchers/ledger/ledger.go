package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Ledger holds every channel in memory and decides about every payment. It is
// safe for concurrent use. Each channel has a lock of its own, which is never
// held while a signature is checked or a disk is waited for.
type Ledger struct {
	store   vouchers.Store
	options options
	epoch   uint64 // of the store
	index   *index
	wallets *wallets // checks the signatures of contracts; nil if none was given
	recent  *recent

	interning sync.Mutex // guards terms and domains
	terms     map[vouchers.Terms]*terms
	domains   map[vouchers.Deployment]*vouchers.Domain
	watched   map[vouchers.Deployment]*atomic.Int64

	forgiving atomic.Bool
	stopping  sync.Mutex // guards stops; taken after a channel's
	stops     map[vouchers.ChannelID]Stop
}

type options struct {
	now            func() time.Time
	withdrawMargin uint64 // seconds
	contracts      ContractSigner
	maxInFlight    int
	patience       time.Duration
	answerTTL      time.Duration
	answerMemory   int
	maxAnswer      int
	stopped        func(Stop)
	lost           func(Loss)
}

// Option configures a ledger.
type Option func(*options)

// WithClock sets what tells the time; the default is time.Now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithWithdrawMargin sets for how many seconds before a pending withdrawal can be
// finalized no further voucher is accepted, since a claim may then come too late.
// The default is 300.
func WithWithdrawMargin(seconds uint64) Option {
	return func(o *options) { o.withdrawMargin = seconds }
}

// WithContractSigner lets payers sign for themselves where their channel names no
// authorizer: contracts (ERC-1271), and keys. The escrow asks such an account again
// when it is claimed from, and every account can become a contract by then
// (EIP-7702) and take its word back. Give this only if what one payer owes between
// two claims may be lost. Without it such vouchers are refused with
// [ErrVoucherSignature].
func WithContractSigner(c ContractSigner) Option { return func(o *options) { o.contracts = c } }

// WithMaxInFlight sets how many calls of one channel may be in flight at once, and
// how many may wait for one of these. The default is 1024.
func WithMaxInFlight(n int) Option { return func(o *options) { o.maxInFlight = n } }

// WithPatience sets for how long a voucher that does not fit waits for the call
// that it collides with, before it is refused. The default is 10 s.
func WithPatience(d time.Duration) Option { return func(o *options) { o.patience = d } }

// WithAnswerTTL sets for how long the answer of a paid call is kept for a replay
// of the same payment. The default is 24 h. That of a call that cost nothing is kept for
// 10 minutes at most.
func WithAnswerTTL(d time.Duration) Option { return func(o *options) { o.answerTTL = d } }

// WithAnswerMemory sets how many bytes of answers to payments without an
// identifier are kept in memory. The default is 32 MiB. Answers to payments with
// an identifier are kept in the store.
func WithAnswerMemory(bytes int) Option { return func(o *options) { o.answerMemory = bytes } }

// WithMaxAnswer sets how large, in bytes, an answer may be to be kept at all. A
// replay of a payment whose answer was larger is refused with [ErrAnswerGone].
// The default is 1 MiB. That of a call that cost nothing has 64 KiB at most.
func WithMaxAnswer(bytes int) Option { return func(o *options) { o.maxAnswer = bytes } }

// Open reads every channel of the store. The ledger does not own the store:
// close it after the ledger.
func Open(ctx context.Context, store vouchers.Store, opts ...Option) (*Ledger, error) {
	l := &Ledger{
		store: store,
		index: newIndex(),
		options: options{
			now:            time.Now,
			withdrawMargin: 300,
			maxInFlight:    1024,
			patience:       10 * time.Second,
			answerTTL:      24 * time.Hour,
			answerMemory:   32 << 20,
			maxAnswer:      1 << 20,
		},
		terms:   map[vouchers.Terms]*terms{},
		domains: map[vouchers.Deployment]*vouchers.Domain{},
		watched: map[vouchers.Deployment]*atomic.Int64{},
		stops:   map[vouchers.ChannelID]Stop{},
	}
	for _, set := range opts {
		set(&l.options)
	}
	l.recent = newRecent(l.options.answerMemory)
	if l.options.contracts != nil {
		l.wallets = newWallets(l.options.contracts, l.options.now)
	}
	if err := l.loadAll(ctx); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", err)
	}
	return l, nil
}

func (l *Ledger) loadAll(ctx context.Context) (err error) {
	if l.epoch, err = vouchers.Epoch(l.store); err != nil {
		return err
	}
	if err := l.loadChannels(ctx); err != nil {
		return err
	}
	if err := l.loadDoubts(); err != nil {
		return err
	}
	return l.loadStops()
}

// Close reports whether everything that the ledger accepted is durable. Calls in
// flight must have ended.
func (l *Ledger) Close() error {
	busy := 0
	l.index.each(func(ch *channel) bool {
		ch.mu.Lock()
		defer ch.mu.Unlock()
		if ch.busy != nil {
			busy += ch.busy.inFlight
		}
		return true
	})
	if err := l.store.Err(); err != nil && !errors.Is(err, vouchers.ErrStoreFull) && !errors.Is(err, vouchers.ErrNotAttested) { // closing the store tells what was not written
		return fmt.Errorf("close the ledger: %w", err)
	}
	if busy > 0 {
		return fmt.Errorf("close the ledger: %w: %d of them, which are not charged", ErrChannelBusy, busy)
	}
	return nil
}

// intern returns the one copy of these terms.
func (l *Ledger) intern(t *vouchers.Terms) *terms {
	l.interning.Lock()
	defer l.interning.Unlock()
	if known := l.terms[*t]; known != nil {
		return known
	}
	fresh := &terms{Terms: *t, domain: l.domainLocked(t.Deployment), watched: l.watchedLocked(t.Deployment)}
	l.terms[*t] = fresh
	return fresh
}

// domain returns the one domain of a deployment.
func (l *Ledger) domain(d vouchers.Deployment) *vouchers.Domain {
	l.interning.Lock()
	defer l.interning.Unlock()
	return l.domainLocked(d)
}

func (l *Ledger) domainLocked(d vouchers.Deployment) *vouchers.Domain {
	if known := l.domains[d]; known != nil {
		return known
	}
	fresh := vouchers.NewDomain(d)
	l.domains[d] = fresh
	return fresh
}

// Channel returns a snapshot of a channel, and false if there is none. Its
// signature is in the form in which every escrow takes it (see
// [vouchers.Domain.Redeemable]).
func (l *Ledger) Channel(id vouchers.ChannelID) (Channel, bool) {
	ch := l.index.find(&id)
	if ch == nil {
		return Channel{}, false
	}
	return ch.redeemable(), true
}

// Whose returns what never changes of a channel, without a lock or a signature's look, and
// false if there is none.
func (l *Ledger) Whose(id vouchers.ChannelID) (vouchers.Deployment, vouchers.ChannelConfig, bool) {
	ch := l.index.find(&id)
	if ch == nil {
		return vouchers.Deployment{}, vouchers.ChannelConfig{}, false
	}
	return ch.terms.Deployment, ch.config(), true
}

// Channels returns snapshots of all channels, in any order. The signatures of
// channels with something to claim are in the form in which every escrow takes
// them (see [vouchers.Domain.Redeemable]).
func (l *Ledger) Channels() iter.Seq[Channel] {
	return func(yield func(Channel) bool) {
		l.index.each(func(ch *channel) bool { return yield(ch.redeemable()) })
	}
}

// Len returns how many channels there are.
func (l *Ledger) Len() int { return l.index.count() }

func (l *Ledger) now() time.Time { return l.options.now() }

func (l *Ledger) seconds() uint32 { return uint32(l.options.now().Unix()) }

// refuse is called with ch.mu held.
func (ch *channel) refuse(err error, detail string) *Refusal {
	return &Refusal{Err: err, State: ch.snapshot(), Detail: detail}
}
