package dialect

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// object is what an event says.
type object = map[string]any

// lenient reads what the other side wrote as well as it can be read.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

func decode(data []byte) (object, bool) {
	var o object
	return o, json.Unmarshal(data, &o, lenient) == nil && o != nil
}

func text(raw member) (s string, err error) {
	if len(raw.value) == 0 || raw.value[0] != '"' {
		return "", fmt.Errorf("not a text")
	}
	return s, json.Unmarshal(raw.value, &s, lenient)
}

// number is of a whole number.
func number(raw []byte) (n int64, whole bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}

// at is the value that a path of names leads to, nil if there is none.
func at(v any, path ...string) any {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	return v
}

// mostTokens is the highest count that JSON's numbers have exactly; a higher one is none.
const mostTokens = 1 << 53

// Count reads a number of tokens, also one that is a text or has a fraction, which counts as
// the next whole number. What is no such number is not told.
func Count(v any) (n uint64, told bool) {
	f, isNumber := v.(float64)
	if s, isText := v.(string); isText {
		var err error
		f, err = strconv.ParseFloat(s, 64)
		isNumber = err == nil
	}
	if !isNumber || !(f >= 0 && f <= mostTokens) {
		return 0, false
	}
	return uint64(math.Ceil(f)), true
}

// notSaid are members whose texts no model has said.
var notSaid = []string{"role", "id", "type", "call_id", "signature", "encrypted_content"}

// said is how many bytes of text stand in a value.
func said(v any) (n uint64) {
	switch v := v.(type) {
	case string:
		return uint64(len(v))
	case []any:
		for _, e := range v {
			n += said(e)
		}
	case object:
		for name, e := range v {
			if !slices.Contains(notSaid, name) {
				n += said(e)
			}
		}
	}
	return n
}
