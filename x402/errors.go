package x402

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// What can be wrong with the form of a document. Every decode error matches exactly
// one of them with errors.Is; all but ErrTooLarge come as a [*DecodeError].
var (
	// ErrMalformed is what is not JSON, or not of the shape that the standard gives.
	ErrMalformed = errors.New("malformed x402 document")
	// ErrTooLarge is more bytes than the limit; see [WithMaxBytes].
	ErrTooLarge = errors.New("x402 document too large")
	// ErrTooDeep is objects and arrays nested deeper than [MaxDepth].
	ErrTooDeep = errors.New("x402 document nested too deeply")
	// ErrVersion is another protocol version than [Version].
	ErrVersion = errors.New("unsupported x402 version")
	// ErrUnsupported is a scheme, a family of chains or a type of payload that this
	// package does not speak.
	ErrUnsupported = errors.New("unsupported x402 payment")
)

// DecodeError says where a document is wrong.
type DecodeError struct {
	// Path is the place, such as "payload.voucher.maxClaimableAmount" or
	// "accepts[1].asset"; "" is the whole document.
	Path string
	// Value is what stood there, shortened; "" when nothing did.
	Value string
	// Want is what was expected.
	Want string
	// Err is the sentinel.
	Err error
}

// Error is one line: the place, the value and what was expected.
func (e *DecodeError) Error() string {
	place := e.Err.Error()
	if e.Path != "" {
		place += ": " + e.Path
	}
	if e.Value == "" {
		return place + " is missing, want " + e.Want
	}
	return place + ": got " + e.Value + ", want " + e.Want
}

// Unwrap is the sentinel.
func (e *DecodeError) Unwrap() error { return e.Err }

// CodeOf is the code to refuse a payment with whose decoding failed with err.
func CodeOf(err error) ErrorCode {
	if errors.Is(err, ErrVersion) {
		return ErrX402Version
	}
	var e *DecodeError
	if !errors.As(err, &e) {
		return ErrPayload
	}
	switch e.Path {
	case "accepted.scheme":
		return ErrScheme
	case "accepted.network":
		return ErrNetworkMismatch
	case "payload.type":
		return ErrPayloadType
	case "payload.voucher.channelId":
		return ErrChannelIDInvalid
	case "payload.signature":
		return ErrExactSignatureForm
	}
	return ErrPayload
}

// Malformed says that the value at a path of a document is not what was wanted. The value is
// shortened.
func Malformed(path, value, want string) *DecodeError {
	return &DecodeError{Path: path, Value: shorten(value), Want: want, Err: ErrMalformed}
}

// within puts the member that err is about below a parent.
func within(parent string, err error) error {
	e := locate(err)
	e.Path = join(parent, e.Path)
	return e
}

// locate turns what the JSON library says into a [DecodeError]. The error of a nested
// decoder comes with the pointer to the value that it was given.
func locate(err error) *DecodeError {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	var inner *DecodeError
	isSemantic := errors.As(err, &semantic)
	switch {
	case errors.As(err, &inner):
		found := *inner
		if isSemantic {
			found.Path = join(pathOf(semantic.JSONPointer), inner.Path)
		}
		return &found
	case errors.As(err, &syntactic):
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return Malformed(pathOf(syntactic.JSONPointer), "the name again", "each name once")
		}
		return Malformed(pathOf(syntactic.JSONPointer), fmt.Sprintf("%v at byte %d", syntactic.Err, syntactic.ByteOffset), "JSON")
	case isSemantic:
		value := string(semantic.JSONValue)
		if value == "" {
			value = kinds[semantic.JSONKind]
		}
		return Malformed(pathOf(semantic.JSONPointer), value, wantOf(semantic.GoType))
	}
	return Malformed("", err.Error(), "JSON")
}

var kinds = map[jsontext.Kind]string{'n': "null", 'f': "false", 't': "true", '"': "a string", '0': "a number", '{': "an object", '[': "an array"}

func wantOf(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	default:
		return "an object"
	}
}

// pathOf writes a JSON pointer the way that people write a path.
func pathOf(p jsontext.Pointer) string {
	path := ""
	for token := range p.Tokens() {
		name := strconv.Quote(token)
		if plain := name[1 : len(name)-1]; plain == token {
			name = token
		}
		if _, err := strconv.ParseUint(token, 10, 32); err == nil {
			path += "[" + token + "]"
		} else {
			path = join(path, shorten(name))
		}
	}
	return path
}

func join(parent, child string) string {
	if parent == "" || child == "" || strings.HasPrefix(child, "[") {
		return parent + child
	}
	return parent + "." + child
}

const longestShown = 80

// shorten keeps a hostile value from filling an error line, and ends between runes.
func shorten(s string) string {
	if len(s) <= longestShown {
		return s
	}
	cut := longestShown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s... (%d bytes)", s[:cut], len(s))
}

// shown is a value as an error line gives it.
func shown(raw jsontext.Value) string {
	if kind := raw.Kind(); kind == '{' || kind == '[' {
		return kinds[kind]
	}
	return shorten(string(raw))
}

func quote(s string) string { return shorten(strconv.Quote(s)) }
