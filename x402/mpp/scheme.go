package mpp

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/chitpay/chit/internal/plain"
)

// scheme is one challenge or one credential of an HTTP header (RFC 9110, 11.3 and 11.4): the
// name of a scheme with a token, or with parameters by their names in lower case.
type scheme struct {
	name   string
	token  string
	params map[string]string
}

// readSchemes reads a list of them.
func readSchemes(field string) ([]scheme, error) {
	s := scanner{text: field}
	var found []scheme
	for {
		s.skip(" \t,")
		if s.end() {
			return found, nil
		}
		name := s.word()
		if name == "" {
			return nil, s.unexpected("the name of a scheme or of a parameter")
		}
		if value, ok, err := s.value(); err != nil {
			return nil, err
		} else if ok {
			if err := add(found, name, value); err != nil {
				return nil, err
			}
			continue
		}
		next := scheme{name: name, params: make(map[string]string)}
		if spaces := s.skip(" \t"); spaces == 0 && !s.end() && s.text[s.at] != ',' {
			return nil, s.unexpected("a space")
		}
		if !s.atParameter() {
			next.token = s.untilComma()
		}
		found = append(found, next)
	}
}

// add gives the scheme that was read last a parameter.
func add(found []scheme, name, value string) error {
	if len(found) == 0 || found[len(found)-1].token != "" {
		return malformed("", quoted(name+"=..."), "the name of a scheme before its parameters")
	}
	params, name := found[len(found)-1].params, strings.ToLower(name)
	if _, again := params[name]; again {
		return malformed(plain.Clip(name), "the parameter again", "each parameter once")
	}
	params[name] = value
	return nil
}

// scanner goes over a header.
type scanner struct {
	text string
	at   int
}

func (s *scanner) end() bool { return s.at >= len(s.text) }

func (s *scanner) unexpected(want string) error {
	return malformed("", quoted(s.text[s.at:]), fmt.Sprintf("%s at byte %d of the header", want, s.at))
}

// skip passes over some characters, and returns how many there were.
func (s *scanner) skip(some string) int {
	from := s.at
	for !s.end() && strings.IndexByte(some, s.text[s.at]) >= 0 {
		s.at++
	}
	return s.at - from
}

// word takes a token of RFC 9110.
func (s *scanner) word() string {
	from := s.at
	for !s.end() && isTokenChar(s.text[s.at]) {
		s.at++
	}
	return s.text[from:s.at]
}

func isTokenChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// atParameter reports whether a parameter follows, or nothing more of the scheme.
func (s scanner) atParameter() bool {
	if s.end() || s.text[s.at] == ',' {
		return true
	}
	if s.word() == "" {
		return false
	}
	s.skip(" \t")
	if s.end() || s.text[s.at] != '=' {
		return false
	}
	s.at++
	s.skip(" \t")
	return !s.end() && s.text[s.at] != '=' && s.text[s.at] != ','
}

// untilComma takes what is there before the next comma.
func (s *scanner) untilComma() string {
	rest, _, _ := strings.Cut(s.text[s.at:], ",")
	s.at += len(rest)
	return strings.TrimRight(rest, " \t")
}

// value takes "=" and a value, where they are.
func (s *scanner) value() (value string, ok bool, err error) {
	ahead := *s
	ahead.skip(" \t")
	if ahead.end() || ahead.text[ahead.at] != '=' {
		return "", false, nil
	}
	ahead.at++
	ahead.skip(" \t")
	*s = ahead
	if s.end() || s.text[s.at] != '"' {
		return s.untilComma(), true, nil
	}
	value, err = s.quoted()
	return value, true, err
}

// quoted takes a quoted string. A byte above ASCII is of Latin-1, and \u and four hex digits are
// what Latin-1 has not, as other implementations of MPP write and read it.
func (s *scanner) quoted() (string, error) {
	var units []uint16
	for s.at++; !s.end(); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return string(utf16.Decode(units)), nil
		case c != '\\':
			units = append(units, uint16(c))
		default:
			unit, length := escaped(s.text[s.at+1:])
			if length == 0 {
				return "", s.unexpected("a character after the backslash")
			}
			units = append(units, unit)
			s.at += length
		}
	}
	return "", malformed("", quoted(s.text), "a quotation mark at the end of each quoted string")
}

// escaped is what stands after a backslash, and how many bytes long it is.
func escaped(text string) (unit uint16, length int) {
	const digits = 4
	if len(text) == 0 {
		return 0, 0
	}
	if text[0] != 'u' || len(text) <= digits {
		return uint16(text[0]), 1
	}
	for _, c := range []byte(text[1 : 1+digits]) {
		value := strings.IndexByte("0123456789abcdef", c|0x20)
		if value < 0 {
			return uint16(text[0]), 1
		}
		unit = unit<<4 | uint16(value)
	}
	return unit, 1 + digits
}

// quote writes a value as a quoted string of ASCII that [scanner.quoted] reads.
func quote(to *strings.Builder, value string) {
	to.WriteByte('"')
	for _, unit := range utf16.Encode([]rune(value)) {
		switch {
		case unit == '"' || unit == '\\':
			to.WriteByte('\\')
			to.WriteByte(byte(unit))
		case unit < ' ' || unit > '~':
			fmt.Fprintf(to, `\u%04x`, unit)
		default:
			to.WriteByte(byte(unit))
		}
	}
	to.WriteByte('"')
}
