package meter

import (
	"errors"
	"fmt"
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/theory/jsonpath"

	"github.com/chitpay/chit/server/meter/dialect"
	"github.com/chitpay/chit/server/meter/frames"
	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

// ErrTooLong says that an answer in one piece is longer than [MaxAnswer], so that what it says
// of its cost cannot be read. Nothing of it has left.
var ErrTooLong = errors.New("the answer is too long to be read for what it costs")

// PathMeter meters answers by a number that stands in them. It is safe for concurrent use.
type PathMeter struct {
	path  *jsonpath.Path
	price vouchers.Amount
	per   uint64
	most  vouchers.Amount
}

// NewPathMeter counts the number that a JSONPath (RFC 9535) finds in an answer, or in the
// events of one, of which the last that has it says how many units there were in all. So
// many units, at least 1, cost the price in atomic USDC, and a call at most as much as most.
func NewPathMeter(path string, price vouchers.Amount, per uint64, most vouchers.Amount) (*PathMeter, error) {
	parsed, err := jsonpath.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("%q is no JSONPath such as $.usage.total: %w", path, err)
	}
	if per == 0 {
		return nil, fmt.Errorf("a price for 0 units of %s: want 1 at least", path)
	}
	return &PathMeter{parsed, price, per, most}, nil
}

// PathStream is one answer. It is for one goroutine.
type PathStream struct {
	of     *PathMeter
	due    vouchers.Amount
	events *frames.Splitter
	held   []byte
	free   bool
}

// Answer begins an answer, as [Call.Answer] does.
func (m *PathMeter) Answer(status int, head http.Header) (*PathStream, error) {
	s := &PathStream{of: m, free: status >= http.StatusMultipleChoices}
	if !s.free {
		if err := readable(head); err != nil {
			return nil, err
		}
	}
	switch kind, _, _ := mime.ParseMediaType(head.Get("Content-Type")); kind {
	case "text/event-stream":
		s.events = frames.New(frames.Events)
	case "application/x-ndjson", "application/ndjson", "application/jsonl":
		s.events = frames.New(frames.Lines)
	}
	return s, nil
}

// Due is what all costs that has left, in atomic USDC.
func (s *PathStream) Due() vouchers.Amount { return s.due }

// Feed takes bytes of the answer as they come. An error of emit ends it and comes back. The
// error wraps [ErrTooLong] where nothing leaves.
func (s *PathStream) Feed(p []byte, emit Emit) error {
	switch {
	case s.free:
		return emit(p, 0)
	case s.events != nil:
		return s.events.Feed(p, func(f frames.Frame) error { return s.frame(f, emit) })
	case len(s.held)+len(p) > MaxAnswer:
		return fmt.Errorf("%w: more than %d bytes", ErrTooLong, MaxAnswer)
	}
	s.held = append(s.held, p...)
	return nil
}

// End says that the answer is complete.
func (s *PathStream) End(emit Emit) error {
	switch {
	case s.events != nil && !s.free:
		return s.events.End(func(f frames.Frame) error { return s.frame(f, emit) })
	case len(s.held) > 0:
		s.read(s.held)
		return emit(s.held, s.due)
	}
	return nil
}

func (s *PathStream) frame(f frames.Frame, emit Emit) error {
	s.read(f.Data)
	return emit(f.Raw, s.due)
}

// read takes the first number that stands at the path. What is none changes nothing.
func (s *PathStream) read(data []byte) {
	var v any
	if json.Unmarshal(data, &v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return
	}
	for _, found := range s.of.path.Select(v) {
		if units, told := dialect.Count(found); told {
			s.due = min(rates.Share(units, s.of.price, s.of.per), s.of.most)
			return
		}
	}
}
