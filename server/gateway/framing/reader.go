package framing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Framing is how an upstream parts its messages.
type Framing int

const (
	// Whole is one message: the body of an answer.
	Whole Framing = iota
	// ByLine is a message a line, as programs have them.
	ByLine
	// ByEvent is a message an event of a stream, after which a line is empty.
	ByEvent
)

// ErrTooLong is what becomes of an answer that is longer than the gateway takes. The text
// tells it where it comes as the error of an upstream.
var ErrTooLong = errors.New("the answer is longer than the gateway takes")

// IsTooLong says whether an answer did not come because of its length: as it was read,
// or by the error in its place.
func IsTooLong(err error) bool {
	return err != nil && strings.Contains(err.Error(), ErrTooLong.Error())
}

// joinings is how many times a message's greatest length may be copied while the client library
// joins the lines of an event, which it does one by one.
const joinings = 256

// Reader reads what an upstream says, message by message. One that is longer than most
// is not passed on, nor kept: in its place comes an error for the request that it
// answers, so that nothing else suffers. It reads no further than it is read.
type Reader struct {
	from    io.ReadCloser
	framing Framing
	most    int64
	met     func() // a message was too long

	size   int64 // of the message so far
	joined int64 // what has been copied to join its lines
	empty  bool  // the line is, so far
	over   bool  // the message is too long
	id     idFinder
	out    []byte // what is given next, before more is read
	err    error  // that comes after it
}

// New reads messages of at most most bytes each, and calls met for each that is longer.
func New(from io.ReadCloser, how Framing, most int64, met func()) *Reader {
	return &Reader{from: from, framing: how, most: most, met: met, empty: true}
}

// Close implements [io.Closer].
func (m *Reader) Close() error { return m.from.Close() }

// Read implements [io.Reader].
func (m *Reader) Read(p []byte) (int, error) {
	for {
		if len(m.out) > 0 {
			n := copy(p, m.out)
			if m.out = m.out[n:]; len(m.out) == 0 {
				m.out = nil
			}
			return n, nil
		}
		if m.err != nil || len(p) == 0 {
			return 0, m.err
		}
		var n int
		n, m.err = m.from.Read(p)
		if m.framing == Whole {
			return m.readWhole(n)
		}
		kept := m.take(p[:n])
		if m.err != nil && m.over {
			m.out = append(m.out, m.instead()...)
			m.over = false
		}
		if kept > 0 {
			return kept, nil
		}
	}
}

func (m *Reader) readWhole(n int) (int, error) {
	if m.size += int64(n); m.size > m.most {
		m.met()
		m.err = ErrTooLong
		return 0, m.err
	}
	return n, m.err
}

// take looks at what has come, and returns how much of it is given on as it is. From
// where a message is too long it is in out what is given.
func (m *Reader) take(come []byte) (kept int) {
	for at := 0; at < len(come); {
		line, end := come[at:], bytes.IndexByte(come[at:], '\n')
		if end >= 0 {
			line = line[:end+1]
		}
		at += len(line)
		wasOver := m.over
		m.see(line)
		switch {
		case m.out == nil && !m.over:
			kept = at
		case !wasOver && !m.over:
			m.out = append(m.out, line...)
		}
		m.empty = m.empty && len(bytes.TrimRight(line, "\r\n")) == 0
		if end >= 0 {
			m.endLine()
		}
	}
	return kept
}

// see notes a line, or a part of one.
func (m *Reader) see(part []byte) {
	m.size += int64(len(part))
	m.id.see(part)
	if !m.over && m.size > m.most {
		m.over = true
		m.met()
	}
}

// endLine ends the line, and with it perhaps the message.
func (m *Reader) endLine() {
	ends := m.framing == ByLine || m.empty
	m.empty = true
	if !ends {
		if m.joined += m.size; !m.over && m.joined > joinings*m.most {
			m.over = true
			m.met()
		}
		return
	}
	if m.over {
		m.out = append(m.out, m.instead()...)
	}
	m.size, m.joined, m.over, m.id = 0, 0, false, idFinder{}
}

// instead ends what was given of a message, and answers its request with an error.
func (m *Reader) instead() string {
	if len(m.id.id) == 0 {
		return "\n\n"
	}
	answer := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":%q}}`, m.id.id, ErrTooLong)
	if m.framing == ByLine {
		return "\n" + answer + "\n"
	}
	return "\n\nevent: message\ndata: " + answer + "\n\n"
}
