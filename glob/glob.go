// Package glob is the one way in which patterns stand for names: of tools in prices,
// allow and deny lists, credit tokens and agents' policies, of prompts, and of resources
// by their URIs.
//
// In a pattern * is any run of characters, also an empty one and one with slashes, and ?
// is any one character. Everything else is itself, and a pattern stands for a whole name.
package glob

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Is reports whether a pattern stands for more than the name that it is.
func Is(pattern string) bool { return strings.ContainsAny(pattern, "*?") }

// Check refuses what is not a pattern: an empty text, and what other kinds of patterns
// write classes and quotes with, which would stand for nothing here.
func Check(pattern string) error {
	if pattern == "" {
		return fmt.Errorf("an empty pattern")
	}
	if at := strings.IndexAny(pattern, `[]\`); at >= 0 {
		return fmt.Errorf("%q in the pattern %q: * is any run of characters, ? is one, and there are no classes or quotes", pattern[at], pattern)
	}
	return nil
}

// Match reports whether a pattern stands for a name.
func Match(pattern, name string) bool { return match(pattern, name, false) }

// MatchAny reports whether one of the patterns stands for a name.
func MatchAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if Match(pattern, name) {
			return true
		}
	}
	return false
}

// Covers reports whether a pattern stands for every name that a narrower one stands for.
// It may say no where the answer is yes.
func Covers(pattern, narrower string) bool { return match(pattern, narrower, true) }

// match goes back to the last * alone, which is enough: what an earlier one could take
// instead, the last can take as well. With isPattern the name is itself a pattern: its *
// is matched by a * alone, so that a match covers all that it stands for.
func match(pattern, name string, isPattern bool) bool {
	at, i := 0, 0
	star, retry := -1, 0 // the last * of the pattern, and how much of the name it has not taken
	for i < len(name) {
		switch {
		case at < len(pattern) && pattern[at] == '*':
			if star, retry = at, i; at == len(pattern)-1 {
				return true
			}
			at++
		case at < len(pattern) && pattern[at] == '?' && !(isPattern && name[i] == '*'):
			at++
			i += width(name[i:])
		case at < len(pattern) && pattern[at] == name[i] && !(isPattern && name[i] == '*'):
			at++
			i++
		case star >= 0:
			retry += width(name[retry:])
			at, i = star+1, retry
		default:
			return false
		}
	}
	for at < len(pattern) && pattern[at] == '*' {
		at++
	}
	return at == len(pattern)
}

// width is of the first character, in bytes.
func width(name string) int {
	if name[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(name)
	return n
}
