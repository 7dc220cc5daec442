package meter

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"

	"github.com/chitpay/chit/internal/plain"
	"github.com/chitpay/chit/server/meter/dialect"
	"github.com/chitpay/chit/server/meter/frames"
	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

const (
	// MaxAnswer is the longest answer in one piece that is held to be looked into, in bytes. A
	// longer one passes on as it comes, and its cost is corrected at its end.
	MaxAnswer = 1 << 20
	// MaxTail is how many of the last bytes of what is too long are looked into.
	MaxTail = 64 << 10
)

var (
	// ErrCeiling says that the next event would cost more than the ceiling.
	ErrCeiling = errors.New("the answer has cost as much as it may")
	// ErrEncoded says that an answer is compressed, though none was asked for.
	ErrEncoded = errors.New("the upstream has compressed its answer, so that its tokens cannot be read: have it send what Accept-Encoding: identity asks for")
)

// Emit takes a piece that may leave once all that has left, and the piece, is paid for: due, in
// atomic USDC. It may be less than before, since what was estimated is corrected when the API
// tells its usage. The piece is valid until Emit returns.
type Emit func(piece []byte, due vouchers.Amount) error

// Stream is one answer. It is for one goroutine.
type Stream struct {
	call  *Call
	tally dialect.Tally
	due   vouchers.Amount

	events *frames.Splitter // nil where the answer is one piece
	free   bool             // an error costs nothing
	passes bool             // the answer was too long to be held
	held   []byte           // of an answer in one piece
	tail   []byte           // of what was too long
}

// Answer begins an answer by its status and its header. An answer of status 300 or above costs
// nothing. The error wraps [ErrEncoded].
func (c *Call) Answer(status int, head http.Header) (*Stream, error) {
	s := &Stream{call: c, free: status >= http.StatusMultipleChoices}
	if !s.free {
		if err := readable(head); err != nil {
			return nil, err
		}
	}
	kind, _, _ := mime.ParseMediaType(head.Get("Content-Type"))
	if c.Stream && kind != "application/json" && !s.free {
		s.events = frames.New(c.dialect.Form)
	}
	return s, nil
}

// readable refuses an answer that is compressed.
func readable(head http.Header) error {
	if encoding := head.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fmt.Errorf("%w (it is %s)", ErrEncoded, plain.Clip(encoding))
	}
	return nil
}

// Whole says that nothing leaves before [Stream.End], as long as the answer is not longer than
// [MaxAnswer].
func (s *Stream) Whole() bool { return s.events == nil && !s.free && !s.passes }

// Due is what all costs that has left, in atomic USDC.
func (s *Stream) Due() vouchers.Amount { return s.due }

// Used is what has been used, for the log and the receipt; told says that the API itself has
// told all of it.
func (s *Stream) Used() (used rates.Usage, told bool) {
	return s.tally.Estimate(s.call.prompt, s.call.Out), s.tally.InTold && s.tally.Unsaid == 0
}

// Feed takes bytes of the answer as they come, cut at any place. An error of emit ends it and
// comes back. [ErrCeiling] says that the next event does not leave any more.
func (s *Stream) Feed(p []byte, emit Emit) error {
	switch {
	case s.events != nil:
		return s.events.Feed(p, func(f frames.Frame) error { return s.frame(f, emit) })
	case s.free:
		return emit(p, 0)
	case s.passes:
		s.keepTail(p)
		return emit(p, s.due)
	}
	s.held = append(s.held, p...)
	if len(s.held) <= MaxAnswer {
		return nil
	}
	s.passes, s.tally.Begun = true, true
	s.keepTail(s.held)
	s.settle()
	held := s.held
	s.held = nil
	return emit(held, s.due)
}

// End says that the answer is complete.
func (s *Stream) End(emit Emit) error {
	switch {
	case s.events != nil:
		return s.events.End(func(f frames.Frame) error { return s.frame(f, emit) })
	case s.passes:
		s.readTail()
		s.settle()
	case len(s.held) > 0:
		s.call.dialect.Event(&s.tally, s.held)
		s.settle()
		return emit(s.held, s.due)
	}
	return nil
}

// frame passes an event on at its cost.
func (s *Stream) frame(f frames.Frame, emit Emit) error {
	switch {
	case f.Part:
		s.keepTail(f.Raw)
		if f.End {
			s.readTail()
		}
	case f.Data != nil:
		s.call.dialect.Event(&s.tally, f.Data)
		if s.call.cut && s.tally.Unsaid > 0 && s.cost() > s.call.Ceiling {
			return ErrCeiling
		}
	}
	s.settle()
	if s.tally.Extra && s.call.Hidden && f.Data != nil {
		return nil
	}
	return emit(f.Raw, s.due)
}

func (s *Stream) settle() { s.due = min(s.cost(), s.call.Ceiling) }

func (s *Stream) cost() vouchers.Amount {
	return s.call.rates.Cost(s.tally.Estimate(s.call.prompt, s.call.Out))
}

func (s *Stream) keepTail(p []byte) {
	p = p[max(len(p)-MaxTail, 0):]
	s.tail = append(slices.Delete(s.tail, 0, max(len(s.tail)+len(p)-MaxTail, 0)), p...)
}

func (s *Stream) readTail() {
	s.call.dialect.Tail(&s.tally, s.tail)
	s.tail = nil
}

// Receipt is what follows the last event so that stock clients do not see it, nil where there
// is no such place. The receipt is one JSON value.
func (s *Stream) Receipt(receipt []byte) []byte {
	if s.events == nil {
		return nil
	}
	return s.call.dialect.Receipt(slices.Clone(receipt))
}

// Ended is the event that ends a stream in the middle, nil where nothing can be said any more.
func (s *Stream) Ended(r dialect.Refusal) []byte {
	if s.events == nil {
		return nil
	}
	return s.call.dialect.End(r)
}
