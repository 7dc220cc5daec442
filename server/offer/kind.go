package offer

import (
	"net/url"
	"path"
	"slices"
	"strings"

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

// plainly is the name of a resource whose URI is written without escapes, empty segments and
// dots: what reads it may take the two for one.
func plainly(name string) string {
	for range maxUnescapes {
		decoded, err := url.PathUnescape(name)
		if err != nil || decoded == name {
			break
		}
		name = decoded
	}
	scheme, rest, found := strings.Cut(name, "://")
	if !found {
		return name
	}
	host, rest, hasPath := strings.Cut(rest, "/")
	if !hasPath {
		return name
	}
	to, query, asks := strings.Cut(rest, "?")
	plain := scheme + "://" + host + path.Clean("/"+to)
	if strings.HasSuffix(to, "/") && !strings.HasSuffix(plain, "/") {
		plain += "/"
	}
	if asks {
		plain += "?" + query
	}
	return plain
}

// makes says whether a pattern is over something that a template may make: they agree up to where
// either leaves it open.
func (t *Tariff) makes(template string) bool {
	if t.of(template) != nil {
		return true
	}
	begins, _, _ := strings.Cut(template, "{")
	agrees := func(pattern string) bool {
		if at := strings.IndexAny(pattern, "*?"); at >= 0 {
			pattern = pattern[:at]
		}
		return strings.HasPrefix(pattern, begins) || strings.HasPrefix(begins, pattern)
	}
	for pattern := range t.exact {
		if strings.HasPrefix(pattern, begins) {
			return true
		}
	}
	return slices.ContainsFunc(t.globs, func(g globRate) bool { return kindOf(g.pattern) == resource && agrees(g.pattern) })
}
