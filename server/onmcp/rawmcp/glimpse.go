package rawmcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/x402"
)

// Glimpse is what a JSON-RPC request says of itself at its surface: no more is decoded.
type Glimpse struct {
	Method, Name, URI string
	// Meta are those members of _meta that were looked for, by their names.
	Meta map[string]json.RawMessage
	// from and to are where its arguments stand, with the comma that parts them from the
	// other parameters; 0 and 0 if it has none.
	from, to int
}

// ErrUnclear is what a request is refused with that others might read differently: a
// name that is there twice, or in another case.
var ErrUnclear = errors.New("the request can be read in more than one way")

// Glance looks at a request, and in its _meta for members of these names. The error is
// [ErrUnclear], or that it is not JSON.
func Glance(body []byte, looked []string) (*Glimpse, error) {
	g := &Glimpse{Meta: make(map[string]json.RawMessage)}
	r := surface{body: body, dec: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	meta := func(name string, _ int, _ bool) error {
		if !slices.Contains(looked, name) {
			return r.dec.SkipValue()
		}
		var member json.RawMessage
		err := r.value(&member)
		g.Meta[name] = member
		return err
	}
	params := func(name string, from int, first bool) error {
		switch name {
		case "name":
			return r.text(&g.Name)
		case "uri":
			return r.text(&g.URI)
		case "_meta":
			return r.object(looked, exactly, meta)
		case "arguments":
			err := r.dec.SkipValue()
			g.from, g.to = span(body, from, int(r.dec.InputOffset()), first)
			return err
		}
		return r.dec.SkipValue()
	}
	err := r.object([]string{"method", "params"}, strings.EqualFold, func(name string, _ int, _ bool) error {
		switch name {
		case "method":
			return r.text(&g.Method)
		case "params":
			return r.object([]string{"name", "uri", "_meta", "arguments"}, strings.EqualFold, params)
		}
		return r.dec.SkipValue()
	})
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return nil, ErrUnclear
	}
	return g, nil
}

// Reads is the name of what a request asks for that is no call of a tool, "" if there is none.
func (g *Glimpse) Reads() string {
	switch g.Method {
	case string(mcp.MethodResourcesRead):
		return x402.ResourcePrefix + g.URI
	case string(mcp.MethodPromptsGet):
		return x402.PromptPrefix + g.Name
	}
	return ""
}

// WithoutArguments is the request without its arguments.
func (g *Glimpse) WithoutArguments(body []byte) []byte {
	if g.to == 0 {
		return body
	}
	return append(bytes.Clone(body[:g.from]), body[g.to:]...)
}

func exactly(a, b string) bool { return a == b }

// surface reads objects member by member.
type surface struct {
	body []byte
	dec  *jsontext.Decoder
}

// object reads an object, and calls member after the name of each of its members has
// been read, which begins at from. Names that are looked for must be there once at
// most, and where they are those of a struct in no other case: encoding/json takes them
// for the same. Anything but an object has none.
func (s *surface) object(looked []string, same func(a, b string) bool, member func(name string, from int, first bool) error) error {
	if s.dec.PeekKind() != '{' {
		return s.dec.SkipValue()
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(looked))
	for first := true; s.dec.PeekKind() == '"'; first = false {
		from := int(s.dec.InputOffset())
		token, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		if at := slices.IndexFunc(looked, func(other string) bool { return same(other, name) }); at >= 0 {
			if name != looked[at] || seen[name] {
				return ErrUnclear
			}
			seen[name] = true
		}
		if err := member(name, from, first); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return err
}

func (s *surface) value(to *json.RawMessage) error {
	value, err := s.dec.ReadValue()
	if err != nil {
		return err
	}
	end := int(s.dec.InputOffset())
	*to = s.body[end-len(value) : end]
	return nil
}

// text reads a string; what is none is as one that is empty.
func (s *surface) text(to *string) error {
	if s.dec.PeekKind() != '"' {
		return s.dec.SkipValue()
	}
	token, err := s.dec.ReadToken()
	if err == nil {
		*to = token.String()
	}
	return err
}

// span is what to cut out of an object to take a member away that begins at from, after
// the comma if there is one, and ends at to.
func span(body []byte, from, to int, first bool) (int, int) {
	if first {
		after := bytes.TrimLeft(body[to:], " \t\r\n")
		if len(after) > 0 && after[0] == ',' {
			to = len(body) - len(after) + 1
		}
	}
	return from, to
}
