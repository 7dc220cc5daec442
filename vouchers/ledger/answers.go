package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

const (
	recentShards   = 16
	recentOverhead = 512 // bytes that an answer costs besides its own
)

// recent keeps the latest answers to payments without an identifier in memory, so
// that the same voucher with the same request gets its answer again. It holds a
// bounded number of bytes; the oldest go first.
type recent struct {
	shards [recentShards]recentShard
}

type recentShard struct {
	order  sync.Mutex // guards what follows
	budget int        // bytes
	held   int        // bytes
	queue  []*keptAnswer
	byCall map[callKey]*keptAnswer
}

// callKey names a payment and what it was for.
type callKey struct {
	voucher     vouchers.Voucher
	fingerprint [32]byte
}

type keptAnswer struct {
	key     callKey
	body    []byte // nil of a call that was charged in parts and did not end
	expires time.Time
}

func (a *keptAnswer) cost() int { return len(a.body) + recentOverhead }

func newRecent(bytes int) *recent {
	var r recent
	for i := range r.shards {
		r.shards[i].budget = bytes / recentShards
		r.shards[i].byCall = map[callKey]*keptAnswer{}
	}
	return &r
}

func (k *recent) shard(key *callKey) *recentShard {
	return &k.shards[spread(&key.voucher.Channel, recentShards)]
}

func (k *recent) keep(key callKey, body []byte, expires time.Time) {
	s := k.shard(&key)
	a := &keptAnswer{key, body, expires}
	s.order.Lock()
	defer s.order.Unlock()
	if a.cost() > s.budget {
		return
	}
	s.queue = append(s.queue, a)
	s.byCall[key] = a
	s.held += a.cost()
	for s.held > s.budget {
		oldest := s.queue[0]
		s.queue[0], s.queue = nil, s.queue[1:]
		s.held -= oldest.cost()
		if s.byCall[oldest.key] == oldest {
			delete(s.byCall, oldest.key)
		}
	}
}

func (k *recent) answer(key callKey, now time.Time) ([]byte, bool) {
	s := k.shard(&key)
	s.order.Lock()
	defer s.order.Unlock()
	a := s.byCall[key]
	if a == nil || !now.Before(a.expires) {
		return nil, false
	}
	return a.body, true
}

// What a call that cost nothing was answered with is kept for so long at most, and if it
// has so many bytes at most: nobody has paid for the disk.
const (
	freeAnswerTTL = 10 * time.Minute
	maxFreeAnswer = 64 << 10
)

// keeps is the answer as the store keeps it for a replay.
func (r *Reservation) keeps(charged vouchers.Amount, body []byte) *vouchers.Answer {
	ttl, most := r.ledger.options.answerTTL, r.ledger.options.maxAnswer
	if charged == 0 {
		ttl, most = min(ttl, freeAnswerTTL), min(most, maxFreeAnswer)
	}
	kept := &vouchers.Answer{Key: r.key, Fingerprint: r.fingerprint, Ceiling: r.voucher.Ceiling, Expires: r.ledger.now().Add(ttl)}
	if kept.Omitted = body == nil || len(body) > most; !kept.Omitted {
		kept.Body = body
	}
	return kept
}

// Answered returns what the same payment for the same request was answered with, and
// true if that is kept, whatever the price is now. It changes nothing, so it may be
// asked about a payment that will be refused: one that accepts less than its call has
// come to cost since. The price of p does not matter. A payment whose ceiling is burnt
// is answered nothing, unless the payer has proved itself.
func (l *Ledger) Answered(ctx context.Context, p Payment) ([]byte, bool) {
	ch := l.index.find(&p.Voucher.Channel)
	if ch == nil || !ch.is(&p.Deployment, &p.Config) || l.verify(ctx, ch, p.Voucher, p.Signature) != nil {
		return nil, false
	}
	if !p.Proven && ch.hasBurnt(p.Voucher.Ceiling) {
		return nil, false
	}
	if p.Identifier == "" {
		body, known := l.recent.answer(callKey{p.Voucher, p.Fingerprint}, l.now())
		return body, known && body != nil
	}
	if len(p.Identifier) > MaxIdentifier {
		return nil, false
	}
	a, found, err := l.store.Answer(answerKey(p.Voucher.Channel, p.Identifier))
	if err != nil || !found || a.Omitted || !l.now().Before(a.Expires) || a.Fingerprint != p.Fingerprint || a.Ceiling != p.Voucher.Ceiling {
		return nil, false
	}
	return a.Body, true
}

// Recall begins a call under a key that tells it from all others, for which Draw then
// reserves its price. Nothing is reserved yet, and nobody else has the key until the
// reservation ends with Commit, which keeps the answer, or Release.
//
// The same call (its fingerprint is a hash of the request) again while the first is
// in flight waits for it. One that was answered before gets a reservation whose
// Answer is that answer: there is nothing to draw, to commit or to release. Another
// call under the key is refused with [ErrIdentifierConflict]. The error is a
// [*Refusal], or that of a context that ended while Recall waited.
func (l *Ledger) Recall(ctx context.Context, id vouchers.ChannelID, key vouchers.AnswerKey, fingerprint [32]byte) (*Reservation, error) {
	if err := l.store.Err(); err != nil {
		return nil, &Refusal{Err: err}
	}
	ch := l.index.find(&id)
	if ch == nil {
		return nil, &Refusal{Err: ErrChannelNotFound, Detail: id.Hex()}
	}
	r := &Reservation{ledger: l, ch: ch, drawn: true, identified: true, key: key, fingerprint: fingerprint}
	return r.orNil(r.identify(ctx))
}

// Draw reserves price (atomic units) for a call that [Ledger.Recall] began, as
// [Ledger.Draw] does. The error is a [*Refusal]; the call has ended then.
func (r *Reservation) Draw(ctx context.Context, price vouchers.Amount) error {
	if refusal := r.draw(price); refusal != nil {
		r.Release()
		return refusal
	}
	r.follow(ctx)
	return nil
}
