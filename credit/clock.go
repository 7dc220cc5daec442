package credit

import (
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/credit/macaroon"
)

// Clock tells the time of day, which can be set forward and back, and how much time
// has passed since some moment of this process, which cannot.
type Clock func() (wall time.Time, elapsed time.Duration)

// systemClock is the [Clock] of the machine.
func systemClock() Clock {
	start := time.Now()
	return func() (time.Time, time.Duration) {
		now := time.Now()
		return now, now.Sub(start)
	}
}

// steady makes of a clock a time that only ever passes: a clock that is set
// anew neither ends nor prolongs the period of a rate.
type steady struct {
	clock Clock
	start int64 // Unix nanoseconds at elapsed 0
	last  atomic.Int64
}

// newSteady starts at the time of day, but not before floor (Unix nanoseconds),
// which an earlier process has relied on.
func newSteady(clock Clock, floor int64) *steady {
	wall, elapsed := clock()
	s := &steady{clock: clock, start: max(wall.UnixNano(), floor) - int64(elapsed)}
	s.last.Store(s.start)
	return s
}

// moment is a point in time by both clocks.
type moment struct {
	wall   uint32 // Unix seconds
	steady int64  // Unix nanoseconds
}

func (s *steady) now() moment {
	wall, elapsed := s.clock()
	at := s.start + int64(elapsed)
	for {
		last := s.last.Load()
		if at <= last {
			at = last
			break
		}
		if s.last.CompareAndSwap(last, at) {
			break
		}
	}
	return moment{unix(wall.Unix()), at}
}

func unix(t int64) uint32 { return uint32(min(max(t, 0), macaroon.MaxTime)) }

// latest is what expiries are judged by: a clock that is set back revives nothing.
func (m moment) latest() uint32 { return max(m.wall, m.seconds()) }

// certain is what grants are ended by, which cannot be undone: a clock that is set
// forward by mistake ends nothing.
func (m moment) certain() uint32 { return min(m.wall, m.seconds()) }

func (m moment) seconds() uint32 { return unix(m.steady / int64(time.Second)) }
