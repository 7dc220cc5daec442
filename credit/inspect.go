package credit

import (
	"time"

	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/vouchers"
)

// Report is what is left of a token.
type Report struct {
	Grant   macaroon.GrantID   `json:"grant"`
	Channel vouchers.ChannelID `json:"channel"`
	Label   string             `json:"label,omitempty"`
	// Refused is why no call is taken, whatever it costs; nil if calls are.
	Refused *Refusal `json:"refused,omitempty"`
	// Remaining is the most that calls can still cost by every budget, in atomic units.
	Remaining vouchers.Amount `json:"remaining"`
	// Levels are the caveats, the widest first.
	Levels []Level `json:"levels"`
}

// Level is one caveat with what is left of it.
type Level struct {
	Caveat string `json:"caveat"`
	// Limit and Remaining are in atomic units, or in calls for a calls caveat; nil
	// where nothing is counted. Limit is more than the caveat says after a top-up.
	Limit     *vouchers.Amount `json:"limit,omitempty"`
	Remaining *vouchers.Amount `json:"remaining,omitempty"`
	// ResetsAt is when all of a rate is free again, if nothing is spent until then.
	ResetsAt time.Time `json:"resetsAt,omitzero"`
}

// Inspect reports what is left at every level of a token. The error is a
// [*Refusal] if the token is none of this server's, or is over.
func (b *Book) Inspect(text string) (*Report, error) {
	s, c, refused := b.verify(text)
	if refused != nil {
		return nil, refused
	}
	record, err := b.record(c.grant.id)
	if err != nil {
		return nil, err
	}
	now := b.clock.now()
	r := &Report{Grant: c.grant.id, Channel: c.grant.on.channel, Label: record.Label}
	c.grant.mu.Lock()
	defer c.grant.mu.Unlock()
	if c.grant.ended != 0 {
		r.Refused = &Refusal{Code: c.grant.ended.code(), Err: ErrGrantEnded}
	}
	at := c.grant.at(now)
	r.Remaining = vouchers.Amount(c.grant.budget.remaining(at))
	counted := 0
	for _, caveat := range c.token.All() {
		level := Level{Caveat: caveat.String()}
		if caveat.Kind.Counted() {
			counter := s.counters[counted]
			counted++
			level.fill(counter, at)
			if counter.kind == macaroon.KindBudget {
				r.Remaining = min(r.Remaining, *level.Remaining)
			}
			if why := counter.refuse(1, at); why != nil && r.Refused == nil {
				r.Refused = why
			}
		}
		r.Levels = append(r.Levels, level)
	}
	if why := s.inTime(now); why != nil && r.Refused == nil {
		r.Refused = why
	}
	return r, nil
}

func (l *Level) fill(c *counter, at int64) {
	limit, left := vouchers.Amount(c.limit), vouchers.Amount(c.remaining(at))
	l.Limit, l.Remaining = &limit, &left
	if c.rate != nil && c.used > 0 {
		l.ResetsAt = time.Unix(0, c.freeAt(c.used)).UTC()
	}
}
