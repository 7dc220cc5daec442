package route

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// target is where a request goes, nil if what stands for a wildcard would lead out of
// its place in the path.
func (h *Handler) target(req *http.Request) *url.URL {
	for _, wild := range h.wild {
		if value := req.PathValue(wild.Name); wild.Rest && !staysBelow(value) || !wild.Rest && !isSegment(value) {
			return nil
		}
	}
	filled := h.Fill(func(wildcard string) string {
		segments := strings.Split(req.PathValue(wildcard), "/")
		for i, segment := range segments {
			segments[i] = url.PathEscape(segment)
		}
		return strings.Join(segments, "/")
	})
	to, err := url.Parse(filled)
	if err != nil {
		return nil
	}
	if to.Path == "" {
		to.Path, to.RawPath = req.URL.Path, req.URL.RawPath
		if path.Clean(to.Path) != strings.TrimSuffix(to.Path, "/") && to.Path != "/" || !staysBelow(to.Path[1:]) {
			return nil
		}
	}
	switch {
	case to.RawQuery == "":
		to.RawQuery = req.URL.RawQuery
	case req.URL.RawQuery != "":
		to.RawQuery += "&" + req.URL.RawQuery
	}
	return to
}

// staysBelow says whether no program takes a path for one that leads up.
func staysBelow(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if !isSegment(segment) {
			return false
		}
	}
	return true
}

// escapedTwice is what a program that decodes once too often would read as a dot, a
// slash, or another escape.
var escapedTwice = regexp.MustCompile(`(?i)%(2e|2f|5c|25)`)

// isSegment says whether every program takes a text for one segment of a path, which is
// not the one above: also those that cut parameters (;) off, take \ for /, or decode twice.
func isSegment(text string) bool {
	name, _, _ := strings.Cut(text, ";")
	other := func(c rune) bool { return c == '/' || c == '\\' || unicode.IsControl(c) }
	return name != "." && name != ".." && utf8.ValidString(text) && !strings.ContainsFunc(text, other) && !escapedTwice.MatchString(text)
}
