package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/internal/plain"
)

// ErrRequest is what every error of a request wraps that the upstream could read in another
// way, or that cannot be metered.
var ErrRequest = errors.New("this request cannot be sold by the token")

// TemplateTokens is how many tokens the template of a chat may add to what a request says.
const TemplateTokens = 256

// Ask is what a request asks for.
type Ask struct {
	Model  string
	Stream bool
	// Body goes to the upstream.
	Body []byte
	// In is the most tokens that its prompt can be, since a token is at least a byte: all of
	// the request's bytes and [TemplateTokens]. Out is the most that its answers can be.
	In, Out uint64
	// Bounded says that In and Out hold. They do not where the request limits no answer, or
	// has more than its own text: images, files, earlier answers, tools that the upstream runs.
	Bounded bool
	// Hidden says that the stream will have a last chunk with the usage for which the
	// request did not ask: it is to be kept from the caller.
	Hidden bool
}

// shape is where a request says what.
type shape struct {
	limits  []string // bound one answer; the highest counts
	within  string   // the member that has them, empty for the request itself
	copies  []string // how many answers a prompt has; the highest counts
	prompts []string // hold what is said to the model
	each    bool     // each text of a prompt's list has answers of its own
	beyond  []string // bring tokens from elsewhere
	refused []string // must not be true
	usage   bool     // stream_options.include_usage asks for the usage
	silent  bool     // there is no answer in tokens
	streams bool     // streams unless it is told not to
}

// Ask reads a request. Its errors wrap [ErrRequest]: of JSON in which programs may see
// different values none is sold, so that no request is priced as one and answered as another.
func (d *Dialect) Ask(body []byte) (Ask, error) {
	s := &d.request
	names := slices.Concat(s.limits, s.copies, s.prompts, s.beyond, s.refused, []string{"model", "stream", "stream_options", "tools", "options"})
	members, err := membersOf(body, names)
	if err != nil {
		return Ask{}, err
	}
	ask := Ask{Body: body, In: uint64(len(body)) + TemplateTokens, Stream: s.streams}
	if ask.Model, err = text(members["model"]); err != nil || ask.Model == "" {
		return Ask{}, fmt.Errorf("%w: model is not a text", ErrRequest)
	}
	if raw := members["stream"]; raw.given() {
		if ask.Stream = raw.is("true"); !ask.Stream && !raw.is("false") {
			return Ask{}, fmt.Errorf("%w: stream is neither true nor false", ErrRequest)
		}
	}
	for _, name := range s.refused {
		if raw := members[name]; raw.given() && !raw.is("false") {
			return Ask{}, fmt.Errorf("%w: leave out %s", ErrRequest, name)
		}
	}
	if err := s.bound(&ask, members); err != nil {
		return Ask{}, err
	}
	if s.usage && ask.Stream {
		return ask, ask.wantUsage(members["stream_options"])
	}
	return ask, nil
}

// bound finds how many tokens the answers can have.
func (s *shape) bound(ask *Ask, members map[string]member) error {
	ask.Bounded = s.textual(members)
	if s.silent {
		return nil
	}
	limited := members
	if s.within != "" {
		limited = nil
		if raw := members[s.within]; raw.given() {
			var err error
			if limited, err = membersOf(raw.value, s.limits); err != nil {
				return err
			}
		}
	}
	limit, found, err := highest(limited, s.limits)
	if err != nil {
		return err
	}
	copies, several, err := highest(members, s.copies)
	if err != nil {
		return err
	}
	if !several {
		copies = 1
	}
	if s.each {
		copies = saturated(copies, texts(members[s.prompts[0]]))
	}
	ask.Bounded = ask.Bounded && found
	ask.Out = saturated(limit, max(copies, 1))
	return nil
}

func saturated(a, b uint64) uint64 {
	if b != 0 && a > math.MaxUint64/b {
		return math.MaxUint64
	}
	return a * b
}

// highest is the highest of numbers; found says that one of them is a bound, which a negative one is not.
func highest(members map[string]member, names []string) (most uint64, found bool, err error) {
	for _, name := range names {
		raw := members[name]
		if !raw.given() {
			continue
		}
		n, whole := number(raw.value)
		if !whole {
			return 0, false, fmt.Errorf("%w: %s is %s, want a whole number", ErrRequest, name, plain.Clip(string(raw.value)))
		}
		if n < 0 {
			return 0, false, nil
		}
		most, found = max(most, uint64(n)), true
	}
	return most, found, nil
}

// member of an object, and where its value stands in it.
type member struct {
	value jsontext.Value
	at    int
}

func (m member) given() bool         { return len(m.value) > 0 && !m.is("null") }
func (m member) is(word string) bool { return string(m.value) == word }

// membersOf reads the members of an object that have one of the names. Names that only some
// programs take for one of them are refused.
func membersOf(object []byte, names []string) (map[string]member, error) {
	d := jsontext.NewDecoder(bytes.NewReader(object), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != '{' {
		return nil, fmt.Errorf("%w: it is not a JSON object", ErrRequest)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	members := map[string]member{}
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRequest, err)
		}
		if slices.Contains(names, name) {
			members[name] = member{value.Clone(), int(d.InputOffset()) - len(value)}
		} else if like := slices.IndexFunc(names, func(known string) bool { return strings.EqualFold(known, name) }); like >= 0 {
			return nil, fmt.Errorf("%w: write %s, not %q", ErrRequest, names[like], plain.Clip(name))
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows its JSON object", ErrRequest)
	}
	return members, nil
}

// wantUsage asks for the usage of a stream, changing nothing else of the body.
func (a *Ask) wantUsage(options member) error {
	const asked = `"include_usage":true`
	switch {
	case len(options.value) == 0: // no stream_options: the first member
		open := bytes.IndexByte(a.Body, '{') + 1
		a.Body = spliced(a.Body, open, open, `"stream_options":{`+asked+`},`)
	case options.is("null"):
		a.Body = spliced(a.Body, options.at, options.at+len(options.value), `{`+asked+`}`)
	default:
		within, err := membersOf(options.value, []string{"include_usage"})
		if err != nil {
			return err
		}
		old := within["include_usage"]
		if old.is("true") {
			return nil
		}
		at := options.at + 1
		switch {
		case len(old.value) > 0:
			at = options.at + old.at
			a.Body = spliced(a.Body, at, at+len(old.value), "true")
		case len(bytes.TrimSpace(options.value[1:])) == 1:
			a.Body = spliced(a.Body, at, at, asked)
		default:
			a.Body = spliced(a.Body, at, at, asked+",")
		}
	}
	a.Hidden = true
	return nil
}

func spliced(body []byte, from, to int, with string) []byte {
	return slices.Concat(body[:from], []byte(with), body[to:])
}
