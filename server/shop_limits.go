package server

import "github.com/chitpay/chit/server/limits"

// Limits returns the limits that apply.
func (s *Shop) Limits() Limits { return s.limits }

// MeetLimit counts that a limit was met by what the shop cannot see, such as a gateway.
func (s *Shop) MeetLimit(name string) { s.met.Add(name) }

// LimitHits returns how often each limit was met since the shop was opened, by the
// limit's name. A limit that was never met is not there. The first time is logged.
func (s *Shop) LimitHits() map[string]uint64 { return s.met.All() }

// LimitViews lists all limits, those first that were met most often.
func (s *Shop) LimitViews() []limits.View { return s.met.Views(s.limits) }
