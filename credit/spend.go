package credit

import (
	"context"
	"errors"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Call is what a token is to pay for.
type Call struct {
	Tool string
	// Price is the most that the call may cost, in atomic units.
	Price vouchers.Amount
	// Identifier tells a call from all others on the same token: made again, it gets
	// the same answer and costs nothing. It is 1 to [MaxIdentifier] visible ASCII
	// characters; "" is a call that is another one each time.
	Identifier string
	// Fingerprint is a hash of the request, which the same identifier must have.
	Fingerprint [32]byte
}

// Spend is the price of one call, reserved in a token's counters and drawn from its
// channel. It must end with Commit or Release.
type Spend struct {
	book        *Book
	session     *session
	reservation *ledger.Reservation
	began       int64 // when the call was taken, in steady nanoseconds

	// The grant's lock guards what follows.
	price      vouchers.Amount // less what was charged of it
	charged    bool            // something was, durably
	committing bool            // Commit decides, and not Release any more
	parting    bool            // a part is on its way: it ends the call if that is released
	released   bool
	ended      bool
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// Spend checks a token (its text) and sets the price of a call aside. It touches
// neither the chain nor, but for a call with an identifier, the disk. The error is a
// [*Refusal]. When ctx ends the channel has its money back, the token at Release.
//
// A call with an identifier that was answered before gets a spend whose Answer is that
// answer, whatever the token has left: there is nothing to run, to commit or to
// release. While the first is in flight the same call waits for it.
func (b *Book) Spend(ctx context.Context, token string, call Call) (*Spend, error) {
	s, key, known, refused := b.session(token)
	if refused != nil {
		return b.spent(ctx, token, call, refused)
	}
	spend := &Spend{book: b, session: s, price: call.Price, ended: true}
	refused = spend.begin(ctx, call)
	if refused == nil {
		if !known {
			b.sessions.put(key, s)
		}
		return spend, nil
	}
	spend.Release()
	if known && refused.isFinal() {
		b.sessions.drop(key)
	}
	if refused == stale {
		return b.Spend(ctx, token, call)
	}
	return nil, refused
}

// begin finds the answer that the call got before, or reserves its price at every level
// and in the channel.
func (s *Spend) begin(ctx context.Context, call Call) *Refusal {
	if call.Identifier != "" {
		if refused := s.recall(ctx, call); refused != nil {
			return refused
		}
		if _, answered := s.Answer(); answered {
			return nil
		}
	}
	now := s.book.clock.now()
	if refused := s.session.permits(call, now); refused != nil {
		return refused
	}
	var refused *Refusal
	if s.began, refused = s.session.reserve(call.Price, now, s.book); refused != nil {
		return refused
	}
	s.ended = false
	var err error
	if s.reservation == nil {
		s.reservation, err = s.book.ledger.Draw(ctx, s.Channel(), call.Price)
	} else {
		err = s.reservation.Draw(ctx, call.Price)
	}
	if err != nil {
		return fromLedger(err, call.Price)
	}
	return nil
}

// Allows reports whether a token (its text) would pay for a call now, as far as its
// own limits go, and nil if so. It sets nothing aside. The error is a [*Refusal].
func (b *Book) Allows(token string, call Call) error {
	s, key, _, refused := b.session(token)
	if refused != nil {
		return refused
	}
	now := b.clock.now()
	if refused := s.permits(call, now); refused != nil {
		return refused
	}
	switch refused := s.wouldRefuse(call.Price, now); refused {
	case nil:
		return nil
	case stale:
		b.sessions.drop(key)
		return b.Allows(token, call)
	default:
		return refused
	}
}

// wouldRefuse is why the grant or a counter does not take a call now.
func (s *session) wouldRefuse(price vouchers.Amount, now moment) *Refusal {
	s.grant.mu.Lock()
	defer s.grant.mu.Unlock()
	return s.refuse(price, s.grant.at(now))
}

// refuse returns why the grant or a counter does not take a call. Called with the
// grant's lock held.
func (s *session) refuse(price vouchers.Amount, at int64) *Refusal {
	if s.grant.ended != 0 {
		return &Refusal{Code: s.grant.ended.code(), Err: ErrGrantEnded}
	}
	if s.epoch != s.grant.epoch {
		return stale
	}
	for _, c := range s.counters {
		if refused := c.refuse(price, at); refused != nil {
			refused.Granted = c.key == s.grant.budget.key
			return refused
		}
	}
	return nil
}

// reserve takes the price from every counter, or from none. It returns when.
func (s *session) reserve(price vouchers.Amount, now moment, b *Book) (at int64, refused *Refusal) {
	g := s.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	at = g.at(now)
	missing := s.adopt()
	if missing > 0 && g.isCrowded(missing, b.limits.Counters) {
		g.tidy(at)
		missing = s.adopt()
	}
	if missing > 0 && b.limits.ChannelCounters > 0 && int(g.on.counters.Load())+missing > b.limits.ChannelCounters {
		g.tidy(at)
		missing = s.adopt()
	}
	if missing > 0 && (b.meets(LimitCounters, b.limits.Counters, missing+g.count()-1) || b.meets(LimitChannel, b.limits.ChannelCounters, missing+int(g.on.counters.Load())-1)) {
		return 0, &Refusal{Code: CodeTooManyTokens}
	}
	if refused := s.refuse(price, at); refused != nil {
		return 0, refused
	}
	if missing > 0 {
		s.register()
	}
	for _, c := range s.counters {
		c.reserve(price, at)
	}
	g.latest = at
	g.inFlight++
	return at, nil
}

// Price is what is set aside and not charged, in atomic units.
func (s *Spend) Price() vouchers.Amount {
	s.session.grant.mu.Lock()
	defer s.session.grant.mu.Unlock()
	return s.price
}

// Channel is what pays.
func (s *Spend) Channel() vouchers.ChannelID { return s.session.grant.on.channel }

// Grant is what the token was made of.
func (s *Spend) Grant() macaroon.GrantID { return s.session.grant.id }

// Token is the fingerprint of the very token that pays, not of those that it was made
// of: what [macaroon.Token.Fingerprint] returns the hex digits of. It shows nothing of the token.
func (s *Spend) Token() [16]byte { return s.session.token }

// Remaining is what is left of the tightest budget above the call, with everything
// that is reserved taken off, in atomic units.
func (s *Spend) Remaining() vouchers.Amount {
	s.session.grant.mu.Lock()
	defer s.session.grant.mu.Unlock()
	left := s.session.grant.budget.remaining(s.began)
	for _, c := range s.session.counters {
		if c.kind == macaroon.KindBudget {
			left = min(left, c.remaining(s.began))
		}
	}
	return vouchers.Amount(left)
}

// Commit charges actual, which is 0 to the price less what was charged in parts, and returns
// once the charge, the counters and the puts are durable together. The errors, and what
// answer is for, are those of [ledger.Reservation.Commit].
func (s *Spend) Commit(ctx context.Context, actual vouchers.Amount, answer func(ledger.Charge) (ledger.Kept, error), puts ...vouchers.Put) (ledger.Charge, error) {
	return s.charge(ctx, actual, true, answer, puts)
}

// Part charges a part of the price, together with the counters, and leaves the call in
// flight: see [ledger.Reservation.Part]. Whatever its parts, a call counts as one. Parts
// and Commit come one after another: while a part is on its way the next gets an error.
// Release may come at any time.
func (s *Spend) Part(ctx context.Context, amount vouchers.Amount, answer func(ledger.Charge) (ledger.Kept, error), puts ...vouchers.Put) (ledger.Charge, error) {
	return s.charge(ctx, amount, false, answer, puts)
}

var errCharging = errors.New("a part of the call is being charged")

// charge makes the last charge of the call, or a part.
func (s *Spend) charge(ctx context.Context, amount vouchers.Amount, last bool, answer func(ledger.Charge) (ledger.Kept, error), puts []vouchers.Put) (charge ledger.Charge, err error) {
	lanes, own, err := s.enroll(amount, last)
	if err != nil {
		if last {
			s.Release()
		}
		return ledger.Charge{}, err
	}
	if len(puts) > 0 {
		own = append(own, puts...)
	}
	charged, lost := vouchers.Amount(0), false
	defer func() {
		if !lost {
			s.leave(lanes, charged, last)
		}
	}()
	if last {
		charge, err = s.reservation.Commit(ctx, amount, answer, own...)
	} else {
		charge, err = s.reservation.Part(ctx, amount, answer, own...)
	}
	if err != nil {
		// Nobody knows what a failed store has kept: what was reserved stays reserved.
		lost = errors.Is(err, vouchers.ErrStoreFailed) || errors.Is(err, vouchers.ErrStoreClosed)
		return ledger.Charge{}, err
	}
	charged = amount
	return charge, nil
}

// noLane is of a counter that the charge does not touch.
const noLane = -1

// enroll gives the charge a lane in every counter, and returns the records of them.
func (s *Spend) enroll(amount vouchers.Amount, last bool) (lanes []int, puts []vouchers.Put, err error) {
	g := s.session.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case s.ended || s.committing:
		return nil, nil, ledger.ErrReservationEnded
	case s.parting:
		return nil, nil, errCharging
	}
	s.committing, s.parting = last, !last
	if amount == 0 {
		return nil, nil, nil
	}
	lanes, puts = make([]int, len(s.session.counters)), make([]vouchers.Put, 0, len(s.session.counters)+1)
	for i, c := range s.session.counters {
		lanes[i] = noLane
		if c.stale(s.began) || s.charged && c.kind == macaroon.KindCalls {
			continue
		}
		if lanes[i], err = c.take(s.began); err != nil {
			lanes[i] = noLane
			s.vacate(lanes[:i], 0)
			s.committing, s.parting = false, false
			return nil, nil, err
		}
		puts = append(puts, c.put(g.id, lanes[i], c.cost(amount), s.began))
	}
	return lanes, puts, nil
}

// vacate frees lanes. Called with the grant's lock held.
func (s *Spend) vacate(lanes []int, charged vouchers.Amount) {
	for i, at := range lanes {
		if at == noLane {
			continue
		}
		c, cost := s.session.counters[i], uint64(0)
		if charged > 0 {
			cost = c.cost(charged)
		}
		c.free(at, cost)
	}
}

// leave counts what is durable of a charge. With the last one, or where it was released
// meanwhile, the call ends.
func (s *Spend) leave(lanes []int, charged vouchers.Amount, last bool) {
	g := s.session.grant
	g.mu.Lock()
	defer g.mu.Unlock()
	s.vacate(lanes, charged)
	s.price -= charged
	s.charged = s.charged || charged > 0
	s.parting = false
	if last || s.released {
		s.end()
	}
}

// Release gives everything back that was not charged, in the channel and in every counter.
// It does nothing if the call has ended or is being committed.
func (s *Spend) Release() {
	if s.reservation != nil {
		s.reservation.Release()
	}
	s.session.grant.mu.Lock()
	defer s.session.grant.mu.Unlock()
	s.released = true
	if !s.committing && !s.parting {
		s.end()
	}
}

// end gives back what was not charged. Called with the grant's lock held.
func (s *Spend) end() {
	if s.ended {
		return
	}
	s.ended = true
	for _, c := range s.session.counters {
		if s.charged && c.kind == macaroon.KindCalls {
			continue
		}
		c.release(c.cost(s.price), s.began)
	}
	s.session.grant.inFlight--
	if s.session.grant.ended != 0 || s.session.grant.usedUp() {
		s.book.nudge()
	}
}

// nudge makes Run look at the grants.
func (b *Book) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
