package voucher

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/chain/txmgr"
	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/server/till"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// A deposit and a refund are transactions that a payer has the shop send, at the shop's
// gas. Claims are none of these: the shop sends them for itself, and they never wait.

// spendingBucket is the store's bucket of the gas that errands have taken: under the
// network and the errand the day in UTC since 1970 and the gas, both in 8 bytes.
const spendingBucket = "errands"

// spending bounds what errands cost the shop.
type spending struct {
	bucket vouchers.Bucket
	now    func() time.Time
	budget map[till.Errand]uint64 // gas units a day

	channels *limits.Rates[vouchers.ChannelID] // errands of each channel
	leftover *limits.Rates[vouchers.ChannelID] // refunds of less than the least, of all that is left

	mu   sync.Mutex // guards what follows
	used map[string]dayOfGas
}

type dayOfGas struct{ day, gas uint64 }

const (
	day         = 24 * time.Hour
	leftoverPer = 10 * time.Minute
)

func newSpending(l limits.Limits, now func() time.Time, bucket vouchers.Bucket) (*spending, error) {
	hourly := func(n int) *limits.Rates[vouchers.ChannelID] {
		return limits.NewRates[vouchers.ChannelID](rate.Limit(n)/3600, n)
	}
	s := &spending{
		bucket: bucket, now: now, budget: map[till.Errand]uint64{till.Depositing: uint64(l.DepositGas), till.Refunding: uint64(l.RefundGas)},
		channels: hourly(l.ChannelErrands), leftover: hourly(int(time.Hour / leftoverPer)), used: make(map[string]dayOfGas),
	}
	return s, bucket.ForEach(nil, func(key, value []byte) error {
		if len(value) != 16 {
			return fmt.Errorf("the gas of %q is written down in %d bytes, want 16", key, len(value))
		}
		s.used[string(key)] = dayOfGas{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}
		return nil
	})
}

// errBudget says that an errand has used up what it may today.
var errBudget = errors.New("today's gas is used up")

// begin takes the gas of an errand out of today's budget, durably. The caller ends it.
func (s *spending) begin(ctx context.Context, network string, what till.Errand) (*spent, error) {
	e := &spent{of: s, key: network + " " + string(what), gas: what.Gas()}
	s.mu.Lock()
	used := s.used[e.key]
	if today := uint64(s.now().Unix()) / uint64(day.Seconds()); today > used.day { // a clock that goes back gives nothing
		used = dayOfGas{day: today}
	}
	if most := s.budget[what]; used.gas+e.gas > most {
		s.mu.Unlock()
		return nil, fmt.Errorf("%w: %d of the %d units that a %s may take in a day; it begins anew at 00:00 UTC", errBudget, used.gas, most, what)
	}
	used.gas += e.gas
	e.day = used.day
	ticket := s.put(e.key, used)
	s.mu.Unlock()
	if err := ticket.Wait(ctx); err != nil {
		return nil, fmt.Errorf("write the gas of a %s down: %w", what, err)
	}
	return e, nil
}

// put is called with s.mu held, so that what is durable is in order.
func (s *spending) put(key string, used dayOfGas) vouchers.Ticket {
	s.used[key] = used
	value := binary.BigEndian.AppendUint64(make([]byte, 0, 16), used.day)
	return s.bucket.Submit([]byte(key), binary.BigEndian.AppendUint64(value, used.gas))
}

// spent is the gas of one errand; nil is one that is not counted.
type spent struct {
	of  *spending
	key string
	day uint64
	gas uint64
}

// end corrects what was taken to what the errand took in the end.
func (e *spent) end(gas uint64) {
	if e == nil || gas == e.gas {
		return
	}
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	used := e.of.used[e.key]
	if used.day != e.day {
		return
	}
	used.gas = used.gas - min(used.gas, e.gas) + gas
	e.of.put(e.key, used) // not waited for: what was taken before is durable
}

// fail is [spent.end] of an errand that has come to nothing: one that was never sent
// took no gas, one that failed on the chain at most all that it may have.
func (e *spent) fail(err error, most uint64) {
	switch {
	case errors.Is(err, txmgr.ErrFailed):
		e.end(most)
	case chain.IsRevert(err), errors.Is(err, chain.ErrGasCap), errors.Is(err, txmgr.ErrData), errors.Is(err, chain.ErrFunds),
		errors.Is(err, txmgr.ErrFee), errors.Is(err, chain.ErrUnreachable):
		e.end(0)
	}
}

// mayDeposit says whether a deposit is submitted now. One that was submitted before, by
// whomever, costs nothing: whoever asks learns what came of it.
func (s *Seller) mayDeposit(ctx context.Context, t *till.Till, d *signedDeposit, id vouchers.ChannelID) (*spent, *terms.Refusal) {
	if used, err := t.Escrow.Submitted(ctx, t.Sender, d.Authorized, d.collector); err == nil && used {
		return nil, nil
	}
	return s.newDeposit(ctx, t, id)
}

func (s *Seller) newDeposit(ctx context.Context, t *till.Till, id vouchers.ChannelID) (*spent, *terms.Refusal) {
	if !s.spending.channels.Allow(id, s.now()) {
		return nil, s.tooManyErrands()
	}
	e, err := s.spending.begin(ctx, t.Network, till.Depositing)
	return e, s.waits("depositGas", err)
}

// mayRefund says whether a part or all of what is left of a channel is given back now.
// All of it always is, if it is little not more often than every ten minutes.
func (s *Seller) mayRefund(ctx context.Context, t *till.Till, id vouchers.ChannelID, back vouchers.Amount) (*spent, *terms.Refusal) {
	channel, _ := s.ledger.Channel(id)
	rest, _ := refundable(channel, nil)
	least := max(s.limits.LeastRefund, t.Costs(till.Refunding))
	switch {
	case back == rest && back >= least:
		return nil, nil
	case back == rest:
		if !s.spending.leftover.Allow(id, s.now()) {
			return nil, terms.Refuse(x402.ErrVerificationStateUnavailable, "%s is less than the gas is worth, and was given back some times within the hour: ask again in %s", back, leftoverPer)
		}
		return nil, nil
	case back < least:
		s.met("leastRefund")
		return nil, &terms.Refusal{Code: x402.ErrRefundAmountInvalid, Channel: &channel,
			Detail: fmt.Sprintf("the least part that is given back is %s at the present price of gas; all that is left, %s, always is", least, rest)}
	case !s.spending.channels.Allow(id, s.now()):
		return nil, s.tooManyErrands()
	}
	e, err := s.spending.begin(ctx, t.Network, till.Refunding)
	return e, s.waits("refundGas", err)
}

func (s *Seller) tooManyErrands() *terms.Refusal {
	s.met("channelErrands")
	return terms.Refuse(x402.ErrVerificationStateUnavailable, "this channel has had %d deposits and refunds of a part within the hour, which is the most: send the same payment again in some minutes; all that is left can be taken back at any time", s.limits.ChannelErrands)
}

// waits puts in x402's words that an errand waits for tomorrow.
func (s *Seller) waits(limit string, err error) *terms.Refusal {
	if err == nil {
		return nil
	}
	if errors.Is(err, errBudget) {
		s.met(limit)
		s.logger.Warn("payers' transactions wait", "limit", limit, "error", err)
	}
	return terms.Refuse(x402.ErrVerificationStateUnavailable, "%v; all that is left can be taken back at any time", err)
}
