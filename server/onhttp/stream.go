package onhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/chitpay/chit/server/foreign"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/vouchers"
)

// Stream is how an answer is sold that passes on as it comes.
//
// Before bytes leave, what they cost is charged, durably, by a slice at least: an answer that
// breaks off, is cancelled or dies with the process was charged for what was delivered, and at
// most a slice more. An answer ends where the next bytes would cost more than the price: its
// connection is cut. What it was charged follows a complete answer as trailers, under the names
// of the headers of one that is not streamed, with the receipt of the last slice. Each slice has
// a receipt of its own in the payer's history. An answer of status 300 or above is not a stream,
// and costs nothing. The answer of a means that charges once, such as a transfer, is held back to
// its end, as one without a Stream is.
//
// A stream is not kept: who sends its payment again is refused.
type Stream struct {
	// Count returns the counter of one answer.
	Count func() Counter
	// Slice is what is charged at once, at least, in atomic USDC; 0 charges what is due, for each
	// piece that comes.
	Slice vouchers.Amount
}

// Counter counts what one answer costs. It is used by one goroutine.
type Counter interface {
	// Count returns what all costs that was counted so far, in atomic USDC, with p.
	Count(p []byte) vouchers.Amount
}

// streamPiece is how many bytes are charged together at most: where the price ends, an answer
// ends as far before.
const streamPiece = 4 << 10

// stream makes the request, and passes its answer on while it is paid for.
func (on *onHTTP) stream(ctx context.Context, b *sale.Bill) (*heldAnswer, sale.Ending) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &streamer{
		recorder: recorder{answer: &heldAnswer{Head: http.Header{}}, most: on.seller.Limits.Answer},
		w:        on.w, count: on.offer.Stream.Count(), ctx: ctx, stop: stop, bill: b,
	}
	whole := on.flow(s, on.r.WithContext(ctx))
	answer := s.answer
	if s.sent {
		ending := on.endingOfStream(whole && s.stopped == nil)
		return &heldAnswer{Status: answer.Status, Head: http.Header{}, sent: true, broken: ending != sale.Delivered}, ending
	}
	switch {
	case s.tooLong != nil:
		on.seller.Met("answer")
		answer = failedAnswer(s.tooLong)
	case errors.Is(s.stopped, sale.ErrCeiling):
		answer = failedAnswer(errors.New("the first bytes of the answer cost more than its price"))
	case s.stopped != nil:
		answer = ownAnswer("the charge could not be made durable, so the answer is withheld")
	case !whole:
		answer = failedAnswer(errors.New("the answer broke off"))
	}
	offer.ReportCost(ctx, s.count.Count(answer.Body))
	answer.Head.Del(offer.HeaderCost)
	answer = answer.disown()
	return answer, endingOfAnswer(on.r.Context(), answer)
}

func (on *onHTTP) endingOfStream(whole bool) sale.Ending {
	switch {
	case whole:
		return sale.Delivered
	case on.r.Context().Err() != nil:
		return sale.Cancelled
	}
	return sale.Failed
}

// flow runs the handler, and reports whether its answer is whole.
func (on *onHTTP) flow(s *streamer, r *http.Request) (whole bool) {
	defer func() {
		if reason := recover(); reason != nil && reason != http.ErrAbortHandler {
			panic(reason)
		}
	}()
	on.next.ServeHTTP(s, r)
	s.WriteHeader(http.StatusOK)
	return true
}

// streamer is the [http.ResponseWriter] of an answer that is charged while it passes on. What
// cannot be is recorded.
type streamer struct {
	recorder

	w       http.ResponseWriter
	count   Counter
	ctx     context.Context
	stop    context.CancelCauseFunc // has the handler end
	bill    *sale.Bill
	sent    bool  // the head has left
	stopped error // why nothing leaves any more
}

// streams reports whether what is written passes on as it comes.
func (s *streamer) streams() bool {
	return s.bill.Slices() && s.answer.Status < http.StatusMultipleChoices
}

func (s *streamer) Write(p []byte) (written int, err error) {
	s.WriteHeader(http.StatusOK)
	if !s.streams() {
		return s.recorder.Write(p)
	}
	for len(p) > 0 && s.stopped == nil {
		piece := p[:min(len(p), streamPiece)]
		if err := s.bill.Pay(s.ctx, s.count.Count(piece)); err != nil {
			return written, s.end(err)
		}
		s.begin()
		n, err := s.w.Write(piece)
		written += n
		if err != nil {
			return written, s.end(err)
		}
		p = p[n:]
	}
	return written, s.stopped
}

// begin sends the head.
func (s *streamer) begin() {
	if s.sent {
		return
	}
	s.sent = true
	foreign.DisownHeaders(s.answer.Head)
	for _, name := range []string{"Set-Cookie", "Content-Length", offer.HeaderCost} {
		s.answer.Head.Del(name)
	}
	for name, values := range s.answer.Head {
		s.w.Header()[name] = values
	}
	s.w.WriteHeader(s.answer.Status)
}

// end lets nothing more leave.
func (s *streamer) end(why error) error {
	s.stopped = why
	s.stop(why)
	return why
}

// FlushError is for [http.ResponseController].
func (s *streamer) FlushError() error {
	s.WriteHeader(http.StatusOK)
	if !s.streams() || s.stopped != nil {
		return s.stopped
	}
	if err := s.bill.Pay(s.ctx, 0); err != nil {
		return s.end(err)
	}
	s.begin()
	return http.NewResponseController(s.w).Flush()
}

// Flush implements [http.Flusher].
func (s *streamer) Flush() { _ = s.FlushError() }

// end sends what follows an answer that has left. One whose end is missing is cut, after what it
// was charged for.
func (a *heldAnswer) end(w http.ResponseWriter) {
	if a.broken {
		_ = http.NewResponseController(w).Flush() // the client may have gone
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.Head {
		w.Header()[http.TrailerPrefix+name] = values
	}
}
