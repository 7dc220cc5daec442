package frames

import (
	"bytes"
)

// Form is how events stand in a stream.
type Form int

const (
	// Events are server-sent events.
	Events Form = iota
	// Lines are JSON values, one a line.
	Lines
)

// MaxEvent is the longest event that is held to be looked into, in bytes. A longer one
// passes on in parts as it comes.
const MaxEvent = 256 << 10

// idle is what of the room for a long event is kept for the next, in bytes.
const idle = 16 << 10

// Frame is an event, or a part of one that is too long.
type Frame struct {
	// Raw are its bytes, with the end of its line or its event; the next frame may
	// overwrite them.
	Raw []byte
	// Part says that it is a part of an event longer than [MaxEvent]; End that it is the
	// last one. Nothing but Raw is known of parts.
	Part, End bool
	// Name is the event's, empty where it has none; Data what it says, nil for a comment,
	// or an empty line.
	Name string
	Data []byte
}

// Splitter cuts a stream. It is for one goroutine.
type Splitter struct {
	form Form
	held []byte
	long bool // the event that is open has passed on parts already

	filled bool // the open line has a byte
	cr     bool // the last byte was the \r that has ended a line
}

// New cuts a stream of a form.
func New(form Form) *Splitter { return &Splitter{form: form} }

// Feed takes bytes as they come and gives each frame that they complete. An error of take
// ends it and comes back; the splitter is then of no further use.
func (s *Splitter) Feed(p []byte, take func(Frame) error) error {
	if s.form == Events && s.cr && len(s.held) == 0 && !s.filled && bytes.HasPrefix(p, []byte("\n")) {
		s.cr = false // the rest of the \r\n that has ended the last event
		if err := take(Frame{Raw: p[:1], Part: s.long}); err != nil {
			return err
		}
		p = p[1:]
	}
	for len(p) > 0 {
		n := s.end(p)
		if n == 0 {
			return s.hold(p, take)
		}
		event := p[:n]
		if len(s.held) > 0 {
			s.held = append(s.held, event...)
			event = s.held
		}
		if err := take(s.frame(event)); err != nil {
			return err
		}
		s.drop()
		p = p[n:]
	}
	return nil
}

// End gives what is left where a stream ends within an event.
func (s *Splitter) End(take func(Frame) error) error {
	if len(s.held) == 0 && !s.long {
		return nil
	}
	err := take(s.frame(s.held))
	s.drop()
	return err
}

// hold keeps the open event, or passes it on where it has become too long.
func (s *Splitter) hold(p []byte, take func(Frame) error) error {
	s.held = append(s.held, p...)
	if len(s.held) <= MaxEvent {
		return nil
	}
	s.long = true
	err := take(Frame{Raw: s.held, Part: true})
	s.held = s.held[:0]
	return err
}

func (s *Splitter) drop() {
	s.held, s.long = s.held[:0], false
	if cap(s.held) > idle {
		s.held = nil
	}
}

// end is how many bytes complete the open event, 0 if they do not.
func (s *Splitter) end(p []byte) int {
	if s.form == Lines {
		return bytes.IndexByte(p, '\n') + 1
	}
	for i, b := range p {
		follows := s.cr && b == '\n' // the end of a line that has ended already
		s.cr = b == '\r'
		switch {
		case follows:
		case b != '\n' && b != '\r':
			s.filled = true
		case s.filled:
			s.filled = false
		case s.cr && i+1 < len(p) && p[i+1] == '\n':
			s.cr = false
			return i + 2
		default:
			return i + 1
		}
	}
	return 0
}

func (s *Splitter) frame(raw []byte) Frame {
	switch {
	case s.long || len(raw) > MaxEvent:
		return Frame{Raw: raw, Part: true, End: true}
	case s.form == Lines:
		return Frame{Raw: raw, Data: trimmed(raw)}
	}
	return event(raw)
}

func trimmed(line []byte) []byte {
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return nil
	}
	return line
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// event reads the fields of a server-sent event.
func event(raw []byte) Frame {
	f := Frame{Raw: raw}
	lines, several := bytes.TrimPrefix(raw, byteOrderMark), false
	for len(lines) > 0 {
		end := bytes.IndexAny(lines, "\r\n")
		line := lines
		if end < 0 {
			lines = nil
		} else {
			line, lines = lines[:end], lines[end+1:]
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case string(field) == "event":
			f.Name = string(value)
		case string(field) != "data":
		case f.Data == nil:
			f.Data = value[:len(value):len(value)]
			if f.Data == nil {
				f.Data = []byte{}
			}
		default:
			if !several {
				f.Data, several = bytes.Clone(f.Data), true
			}
			f.Data = append(append(f.Data, '\n'), value...)
		}
	}
	return f
}
