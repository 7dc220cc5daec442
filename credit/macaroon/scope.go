package macaroon

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// ErrWidening is what an attenuation is refused with that would not narrow the token.
var ErrWidening = errors.New("a token can only be narrowed")

// Scope is what a token may be spent on, in words of people. Every zero field is
// no limit.
type Scope struct {
	// Tools are globs: * is any run of characters, ? is one.
	Tools []string
	// Budget is the total, PerCall the most for one call, in atomic units.
	Budget, PerCall vouchers.Amount
	// Calls is how many calls are charged.
	Calls uint64
	// Rate is how much may be spent in any period of a length.
	Rate Rate
	// Expires and NotBefore are to the second.
	Expires, NotBefore time.Time
}

// Rate is an amount, in atomic units, in any period of so many whole seconds. A call
// counts at the time at which it began.
type Rate struct {
	Amount vouchers.Amount
	Period time.Duration
}

// ParseRate reads what people type: "0.50/1h", USDC in a duration. "" is no rate.
func ParseRate(s string) (Rate, error) {
	if s == "" {
		return Rate{}, nil
	}
	amount, period, found := strings.Cut(s, "/")
	if !found {
		return Rate{}, fmt.Errorf("rate %q: write USDC in a duration, such as 0.50/1h", s)
	}
	var r Rate
	var err error
	if r.Amount, err = vouchers.ParseAmount(amount); err != nil {
		return Rate{}, fmt.Errorf("rate %q: %w", s, err)
	}
	if r.Period, err = time.ParseDuration(strings.TrimSpace(period)); err != nil {
		return Rate{}, fmt.Errorf("rate %q: the period %q is not a duration such as 1h or 30m", s, period)
	}
	return r, nil
}

// Caveats returns the caveats of the scope, one a limit. Errors wrap [ErrCaveat].
func (s Scope) Caveats() ([]Caveat, error) {
	all, err := s.times()
	if err != nil {
		return nil, err
	}
	if len(s.Tools) > 0 {
		all = append(all, Caveat{Kind: KindTools, Tools: strings.Join(s.Tools, ",")})
	}
	for _, limit := range []struct {
		kind  Kind
		value uint64
	}{{KindBudget, uint64(s.Budget)}, {KindPerCall, uint64(s.PerCall)}, {KindCalls, s.Calls}} {
		if limit.value != 0 {
			all = append(all, Caveat{Kind: limit.kind, Limit: limit.value})
		}
	}
	if s.Rate != (Rate{}) {
		if s.Rate.Period <= 0 || s.Rate.Period > MaxPeriod || s.Rate.Period%time.Second != 0 {
			return nil, fmt.Errorf("%w: a rate's period of %s: want whole seconds, up to %s", ErrCaveat, s.Rate.Period, MaxPeriod)
		}
		all = append(all, Caveat{Kind: KindRate, Limit: uint64(s.Rate.Amount), Period: uint32(s.Rate.Period / time.Second)})
	}
	for _, c := range all {
		if _, err := ParseCaveat(c.String()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// times returns the caveats of the times. They come first, so that every counter is
// known to be of no use any more once its token has expired.
func (s Scope) times() ([]Caveat, error) {
	var all []Caveat
	for _, limit := range []struct {
		kind Kind
		at   time.Time
	}{{KindNotBefore, s.NotBefore}, {KindExpires, s.Expires}} {
		if limit.at.IsZero() {
			continue
		}
		at := limit.at.Unix()
		if at <= 0 || at > MaxTime {
			return nil, fmt.Errorf("%w: %s %s is out of range", ErrCaveat, limit.kind, limit.at)
		}
		all = append(all, Caveat{Kind: limit.kind, Time: uint32(at)})
	}
	return all, nil
}

// narrows refuses a caveat that allows what one of the others does not, with an
// error that wraps [ErrWidening].
func narrows(c Caveat, others []Caveat) error {
	for _, o := range others {
		if o.Kind != c.Kind {
			continue
		}
		wider := false
		switch c.Kind {
		case KindChannel:
			wider = c.Channel != o.Channel
		case KindTools:
			for glob := range strings.SplitSeq(c.Tools, ",") {
				wider = wider || !covered(o.Tools, glob)
			}
		case KindRate:
			wider = isFaster(c, o)
		case KindExpires:
			wider = c.Time > o.Time
		case KindNotBefore:
			wider = c.Time < o.Time
		default:
			wider = c.Limit > o.Limit
		}
		if wider {
			return fmt.Errorf("%w: it has %q, %q would allow more", ErrWidening, o, c)
		}
	}
	return nil
}

// isFaster reports whether rate a never binds where rate b does: it allows more in
// a period that is no longer, or more on the average in a longer one.
func isFaster(a, b Caveat) bool {
	if a.Period <= b.Period {
		return a.Limit > b.Limit || a.Limit == b.Limit && a.Period < b.Period
	}
	// Above, a.Limit / a.Period > b.Limit / b.Period, without a division.
	x, y := vouchers.Amount(a.Limit).Big(), vouchers.Amount(b.Limit).Big()
	x.Mul(x, vouchers.Amount(b.Period).Big())
	y.Mul(y, vouchers.Amount(a.Period).Big())
	return x.Cmp(y) > 0
}
