package dialect

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// textParts are the types of a prompt's parts that are no more than what they say.
var textParts = []string{
	"", "text", "input_text", "output_text", "refusal", "message", "reasoning", "function_call", "function_call_output",
	"custom_tool_call", "custom_tool_call_output", "tool_use", "tool_result", "thinking", "redacted_thinking",
}

// callersTools are the types of tools that the caller runs.
var callersTools = []string{"", "function", "custom"}

// textual says that a request has no more than its own text, so that its bytes bound it. A
// part of an unknown type counts as more.
func (s *shape) textual(members map[string]member) bool {
	for _, name := range s.beyond {
		if members[name].given() {
			return false
		}
	}
	for _, name := range s.prompts {
		if !parts(read(members[name]), textParts) {
			return false
		}
	}
	return parts(read(members["tools"]), callersTools)
}

func read(m member) (v any) {
	if !m.given() || json.Unmarshal(m.value, &v, lenient) != nil {
		return nil
	}
	return v
}

// parts says that each part in a list, and in its content, is of one of the types.
func parts(v any, types []string) bool {
	switch v := v.(type) {
	case []any:
		return !slices.ContainsFunc(v, func(part any) bool { return !parts(part, types) })
	case object:
		if misspelled(v) {
			return false
		}
		kind, isText := v["type"].(string)
		if v["type"] != nil && !isText || !slices.Contains(types, kind) || v["images"] != nil {
			return false
		}
		return parts(v["content"], types) && parts(v["output"], types)
	}
	return true
}

// misspelled says that some programs take a member for one that parts looks at, and others do not.
func misspelled(part object) bool {
	for name := range part {
		for _, known := range []string{"type", "content", "output", "images"} {
			if name != known && strings.EqualFold(name, known) {
				return true
			}
		}
	}
	return false
}

// texts is how many prompts a list holds: texts or lists of tokens.
func texts(m member) uint64 {
	list, _ := read(m).([]any)
	var n uint64
	for _, e := range list {
		if _, isToken := e.(float64); !isToken {
			n++
		}
	}
	return max(n, 1)
}
