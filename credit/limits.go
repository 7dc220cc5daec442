package credit

import (
	"fmt"
	"time"
)

// Limits bound what payers and the holders of their tokens make a book remember. A zero
// field is no limit.
type Limits struct {
	// LiveGrants is how many grants of one channel are live at once.
	LiveGrants int
	// NewGrants is how many grants one channel gets in an hour.
	NewGrants int
	// EndedGrants is how many grants of one channel are remembered that have ended, and
	// EndedTime for how long. Each is for an hour.
	EndedGrants int
	EndedTime   time.Duration
	// TopUps is how often a grant is topped up.
	TopUps int
	// Counters is how many counters the tokens of one grant have in use: those of expired
	// tokens, and of tokens that were never charged for, are forgotten.
	Counters int
	// ChannelCounters is how many those of all grants of one channel have.
	ChannelCounters int
	// Revocations is how many of the tokens are revoked that were made of one narrowed
	// token of a grant. Of a whole grant it is 16 times as many.
	Revocations int
	// SessionBytes is how much memory the tokens take that need not be verified again.
	SessionBytes int64
}

// The names of the limits, as [WithLimits] tells them to whoever counts.
const (
	LimitLiveGrants  = "liveGrants"
	LimitNewGrants   = "newGrants"
	LimitEndedGrants = "endedGrants"
	LimitEndedTime   = "endedGrantTime"
	LimitTopUps      = "topUps"
	LimitCounters    = "tokenCounters"
	LimitChannel     = "channelCounters"
	LimitRevocations = "revokedTokens"
	LimitSessions    = "tokenCache"
)

// WithLimits sets the limits of a book; the default is none. met is told the name of a
// limit each time it is met. It must be quick and safe for concurrent use; nil is nobody.
func WithLimits(l Limits, met func(limit string)) Option {
	return func(s *settings) {
		s.limits = l
		if met != nil {
			s.met = met
		}
	}
}

// meets reports, and counts, that n more would be more than a limit lets there be.
func (b *Book) meets(limit string, most, n int) bool {
	if most == 0 || n < most {
		return false
	}
	b.met(limit)
	return true
}

// room refuses one more of what there are n already, with an error that wraps
// [ErrRequest] and names the way out.
func (b *Book) room(limit string, most, n int, what, wayOut string) error {
	if b.meets(limit, most, n) {
		return fmt.Errorf("%w: %d %s, the most is %d (the limit %s): %s", ErrRequest, n, what, most, limit, wayOut)
	}
	return nil
}
