package offer

import (
	"net/url"
	"slices"
	"strings"

	"github.com/chitpay/chit/glob"
	"github.com/chitpay/chit/x402"
)

// kind is what something is to MCP.
type kind int

const (
	tool kind = iota
	resource
	prompt
)

// given is what resources and prompts are sold as that no pattern is over: for nothing.
var given = new(Offer)

func kindOf(name string) kind {
	switch {
	case strings.HasPrefix(name, x402.ResourcePrefix):
		return resource
	case strings.HasPrefix(name, x402.PromptPrefix):
		return prompt
	}
	return tool
}

// maxUnescapes is how often a URI is decoded: what is escaped more often is nobody's resource.
const maxUnescapes = 4

// plainly is the name of a resource whose URI is written without escapes and empty segments: what
// reads it may take the two for one.
func plainly(name string) string {
	for range maxUnescapes {
		decoded, err := url.PathUnescape(name)
		if err != nil || decoded == name {
			break
		}
		name = decoded
	}
	begins, path, found := strings.Cut(name, "://")
	if !found {
		return name
	}
	host, path, _ := strings.Cut(path, "/")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	if path = strings.TrimPrefix(path, "/"); path == "" && !strings.HasSuffix(name, "/") {
		return begins + "://" + host
	}
	return begins + "://" + host + "/" + path
}

// hasDots says whether a URI, written plainly, has a segment that leads elsewhere than it says. A
// pattern over what it says would let it by.
func hasDots(plain string) bool {
	path, _, _ := strings.Cut(plain, "?")
	return slices.ContainsFunc(strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }), func(segment string) bool {
		return segment == "." || segment == ".."
	})
}

// makes says whether a pattern is over something that a template may make.
func (t *Tariff) makes(template string) bool {
	if t.of(template) != nil {
		return true
	}
	for pattern := range t.exact {
		if MayMake(template, pattern) {
			return true
		}
	}
	return slices.ContainsFunc(t.globs, func(g globRate) bool { return MayMake(template, g.pattern) })
}

// MayMake says whether a template may make something that a pattern is over, both under the names
// of their kind: they agree up to where either leaves it open.
func MayMake(template, pattern string) bool {
	begins, _, open := strings.Cut(template, "{")
	if !open || kindOf(pattern) != kindOf(template) {
		return false
	}
	if at := strings.IndexAny(pattern, "*?"); at >= 0 && at < len(begins) {
		return strings.HasPrefix(begins, pattern[:at])
	}
	return strings.HasPrefix(pattern, begins)
}

// Over says whether a pattern stands for a name: both are of one kind, and match.
func Over(pattern, name string) bool {
	return kindOf(pattern) == kindOf(name) && glob.Match(pattern, name)
}
