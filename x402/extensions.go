package x402

import (
	"fmt"
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Extensions are the JSON values of extensions by their names (x402 v2, extensions). What
// is in the values of those that chit knows is for x402/extension.
type Extensions map[string]jsontext.Value

// ReadExtension decodes the value of an extension as strictly as documents are; it is nil
// where there is none, or null. Errors wrap [ErrMalformed] and name the place.
func ReadExtension[T any](from Extensions, name string) (*T, error) {
	raw, there := from[name]
	if !there || raw.Kind() == 'n' {
		return nil, nil
	}
	value := new(T)
	if err := json.Unmarshal(raw, value, decoding); err != nil {
		return nil, within("extensions."+name, err)
	}
	return value, nil
}

// With returns a copy of the extensions with a value under a name.
func (e Extensions) With(name string, value jsontext.Value) Extensions {
	more := make(Extensions, len(e)+1)
	maps.Copy(more, e)
	more[name] = value
	return more
}

// Encode is [Extensions.With] of what a value is in JSON, as documents write it.
func (e Extensions) Encode(name string, value any) (Extensions, error) {
	encoded, err := marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode the extension %s: %w", name, err)
	}
	return e.With(name, encoded), nil
}
