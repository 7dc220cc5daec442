package glob_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/glob"
)

func ExampleMatch() {
	fmt.Println(glob.Match("files*", "files/read"), glob.Match("prime?", "primes"), glob.Match("prime?", "primes/of"))
	// Output: true true false
}

func TestAPatternStandsForAWholeName(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		match         bool
	}{
		{"*", "", true}, {"*", "a", true}, {"*", "admin/users", true}, {"*", "a\nb", true},
		{"a*c", "ac", true}, {"a*c", "a/b/c", true}, {"a*c", "a/b/cd", false}, {"*b*b*", "ab", false}, {"*b*b*", "abcb", true},
		{"?", "", false}, {"?", "/", true}, {"?", "é", true}, {"??", "é", false}, {"*??", "€", false}, {"*?", "€", true},
		{"search", "search", true}, {"search", "Search", false}, {"search", "search ", false}, {"", "", true}, {"", "a", false},
		{"a.c", "abc", false}, {"a**c", "abc", true},
	} {
		if got := glob.Match(c.pattern, c.name); got != c.match {
			t.Errorf("%q for %q: %t", c.pattern, c.name, got)
		}
	}
}

func TestPatternsOfOtherKindsAreRefused(t *testing.T) {
	for _, pattern := range []string{"", "[a-z]*", "a]", `a\*`} {
		if err := glob.Check(pattern); err == nil {
			t.Errorf("%q is a pattern", pattern)
		}
	}
	for _, pattern := range []string{"*", "get-sum", "a/b/*", "prime?", "file:///pub/*", "{id}"} {
		if err := glob.Check(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

func TestAMatchIsThatOfTheSameRegularExpression(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pattern := rapid.StringMatching(`[ab/é?*]{0,8}`).Draw(rt, "pattern")
		name := rapid.StringMatching(`[ab/éc]{0,8}`).Draw(rt, "name")
		same := regexp.MustCompile(`(?s)^` + strings.NewReplacer("*", ".*", "?", ".").Replace(pattern) + `$`)
		if got := glob.Match(pattern, name); got != same.MatchString(name) {
			rt.Fatalf("%q for %q: %t", pattern, name, got)
		}
	})
}

func TestAPatternThatIsCoveredMatchesNothingNew(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pattern := rapid.StringMatching(`[ab?*]{0,6}`)
		wide, narrow := pattern.Draw(rt, "wide"), pattern.Draw(rt, "narrow")
		name := rapid.StringMatching(`[abc]{0,6}`).Draw(rt, "name")
		if glob.Covers(wide, narrow) && glob.Match(narrow, name) && !glob.Match(wide, name) {
			rt.Fatalf("%q is within %q, which does not match %q", narrow, wide, name)
		}
	})
}
