package migrate

// ranked is when a receipt was issued, or the one before it if the clock was set back, with its
// place among all: by it each is in one table, and those of a channel are in order.
type ranked struct {
	time  uint32
	place uint32
}

func (a ranked) compare(b ranked) int {
	if a.time != b.time {
		return int(int64(a.time) - int64(b.time))
	}
	return int(int64(a.place) - int64(b.place))
}

// span is from one (inclusive) to another (exclusive).
type span struct{ from, to ranked }

func (s span) has(r ranked) bool { return r.compare(s.from) >= 0 && r.compare(s.to) < 0 }

func spanOf(times []ranked, first, entries int) span {
	s := span{times[first], ranked{^uint32(0), ^uint32(0)}}
	if first == 0 {
		s.from = ranked{}
	}
	if end := first + entries; end < len(times) {
		s.to = times[end]
	}
	return s
}
