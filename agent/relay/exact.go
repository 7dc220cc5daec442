package relay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/chitpay/chit/agent/naming"
)

// errAmbiguous says that two readers of a JSON value could read two things.
var errAmbiguous = errors.New("it can be read in two ways")

// exactly reads a JSON object whose members all readers find: no name comes twice, and
// no two differ in case alone, which some readers take for one. What is in the members
// is read by who wants it.
func exactly(raw []byte) (map[string]json.RawMessage, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	start, err := in.ReadToken()
	if err != nil {
		return nil, err
	}
	if start.Kind() != '{' {
		return nil, fmt.Errorf("want a JSON object, it is a %s", start.Kind())
	}
	fields, seen := make(map[string]json.RawMessage), make(map[string]string)
	for in.PeekKind() == '"' {
		token, err := in.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if other, twice := seen[folded(name)]; twice {
			return nil, fmt.Errorf("%w: it has the members %q and %q", errAmbiguous, naming.Short(other), naming.Short(name))
		}
		seen[folded(name)] = name
		value, err := in.ReadValue()
		if err != nil {
			return nil, err
		}
		fields[name] = json.RawMessage(value.Clone())
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := in.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return fields, nil
}

// exactlyAll is exactly, for a value in which no object at any depth has a name twice.
func exactlyAll(raw []byte) (map[string]json.RawMessage, error) {
	if _, err := jsontext.NewDecoder(bytes.NewBuffer(raw)).ReadValue(); err != nil {
		return nil, fmt.Errorf("%w: %w", errAmbiguous, err)
	}
	return exactly(raw)
}

// folded is the same for all names that encoding/json takes for one another.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		for {
			next := unicode.SimpleFold(r)
			if next <= r {
				return next
			}
			r = next
		}
	}, name)
}

// IsNull says whether a member of an object is absent, or null.
func IsNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// member reads a member of an object into a value; one that is not there leaves it.
func member(fields map[string]json.RawMessage, name string, into any) error {
	raw := fields[name]
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
