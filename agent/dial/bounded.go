package dial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// bounded is a transport that keeps answers within limits.
type bounded struct {
	*http.Transport
	limits Limits
	asked  *Crowd // of the server's own requests; nil where nobody answers them
}

// RoundTrip makes a request. It, and reading its answer, fail with [ErrLimit] where the
// server goes beyond the limits.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(follow(r))
	body := &boundedBody{bounded: b, ctx: ctx, cancel: cancel, fault: faultOf(r.Context())}
	listens := r.Method == http.MethodGet && strings.HasPrefix(r.Header.Get("Accept"), eventStream) && r.Header.Get("Last-Event-ID") == ""
	if !listens {
		body.silence = time.AfterFunc(b.limits.Silence, func() {
			cancel(Over("Silence", b.limits.Silence, "the server sent nothing for too long"))
		})
	}
	response, err := b.Transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, body.end(err)
	}
	body.pause()
	body.ReadCloser = response.Body
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	body.streams, body.listens = kind == eventStream, listens
	response.Body = body
	return response, nil
}

const eventStream = "text/event-stream"

// boundedBody reads an answer within limits.
type boundedBody struct {
	io.ReadCloser
	*bounded
	ctx     context.Context
	cancel  context.CancelCauseFunc
	silence *time.Timer // nil where the server may be silent
	fault   *fault
	streams bool // it is a stream of events
	listens bool // nobody waits for an answer in it

	size   int64 // of the answer, or of the event at the moment, in bytes
	events int
	filled bool // there is something in the line at the moment
}

// Read reads what has come. The server's silence is counted while it is waited for.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.streams && b.asked.full() {
		return 0, b.end(Over("Requests", b.limits.Requests, "the server asks too much at once"))
	}
	if b.silence != nil {
		b.silence.Reset(b.limits.Silence)
	}
	n, err := b.ReadCloser.Read(p)
	b.pause()
	if met := b.count(p[:n]); met != nil {
		return 0, b.end(met)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.end(err)
	}
	if b.streams && b.asked != nil {
		runtime.Gosched() // those who answer what came before begin now, and are counted
	}
	return n, err
}

// Close ends the answer.
func (b *boundedBody) Close() error {
	b.pause()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

func (b *boundedBody) pause() {
	if b.silence != nil {
		b.silence.Stop()
	}
}

// end gives up on the answer, and returns why.
func (b *boundedBody) end(err error) error {
	b.pause()
	if cause := context.Cause(b.ctx); errors.Is(cause, ErrLimit) {
		err = cause
	}
	b.fault.note(err)
	b.cancel(err)
	return err
}

// count adds up what was read.
func (b *boundedBody) count(read []byte) error {
	if !b.streams {
		b.size += int64(len(read))
		return b.tooLong("the answer")
	}
	for len(read) > 0 {
		line, rest, ended := bytes.Cut(read, []byte("\n"))
		read = rest
		b.size += int64(len(line))
		b.filled = b.filled || len(bytes.TrimRight(line, "\r")) > 0
		if err := b.tooLong("an event of the answer"); err != nil || !ended {
			return err
		}
		if !b.filled && b.size > 0 {
			b.size = 0
			if b.events++; b.events > b.limits.Events && !b.listens {
				return Over("Events", b.limits.Events, "the answer does not come among all the events before it")
			}
		}
		b.filled = false
	}
	return nil
}

func (b *boundedBody) tooLong(what string) error {
	if b.size <= b.limits.Answer {
		return nil
	}
	return Over("Answer", b.limits.Answer, fmt.Sprintf("%s has more bytes", what))
}
