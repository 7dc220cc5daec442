package credit

import (
	"fmt"
	"strings"
)

// The limits of a tools caveat: how many globs, and bytes in one of them.
const (
	MaxGlobs = 64
	MaxGlob  = 128
)

// checkGlobs refuses what is not a list of globs with commas between them.
func checkGlobs(list string) error {
	if n := strings.Count(list, ",") + 1; n > MaxGlobs {
		return fmt.Errorf("%d globs, at most %d", n, MaxGlobs)
	}
	for glob := range strings.SplitSeq(list, ",") {
		if err := checkGlob(glob); err != nil {
			return err
		}
	}
	return nil
}

func checkGlob(glob string) error {
	if glob == "" || len(glob) > MaxGlob {
		return fmt.Errorf("a glob of %d bytes, want 1 to %d", len(glob), MaxGlob)
	}
	if strings.TrimSpace(glob) != glob {
		return fmt.Errorf("space around the glob %q", glob)
	}
	for _, c := range []byte(glob) {
		if c < ' ' || c > '~' || c == '[' || c == ']' || c == '\\' || c == ',' {
			return fmt.Errorf("%q in the glob %q: names are printable ASCII, * is any run of characters, ? is one", c, glob)
		}
	}
	return nil
}

// matchAny reports whether the name matches one of the globs in the list.
func matchAny(list, name string) bool {
	for {
		glob, rest, more := strings.Cut(list, ",")
		if match(glob, name, false) {
			return true
		}
		if !more {
			return false
		}
		list = rest
	}
}

// covered reports whether everything that glob matches is matched by one of the
// list. It may say no where the answer is yes.
func covered(list, glob string) bool {
	for wider := range strings.SplitSeq(list, ",") {
		if match(wider, glob, true) {
			return true
		}
	}
	return false
}

// match reports whether the name matches the glob, in which * is any run of
// characters and ? is one. With isGlob the name is itself a glob: its * is only
// matched by a *, so that a match covers all that it stands for.
func match(glob, name string, isGlob bool) bool {
	at, i := 0, 0
	star, retry := -1, 0 // the last * of glob, and how much of name it has not taken
	for i < len(name) {
		switch {
		case at < len(glob) && glob[at] == '*':
			star, retry = at, i
			at++
		case at < len(glob) && (glob[at] == '?' || glob[at] == name[i]) && !(isGlob && name[i] == '*'):
			at++
			i++
		case star >= 0:
			retry++
			at, i = star+1, retry
		default:
			return false
		}
	}
	for at < len(glob) && glob[at] == '*' {
		at++
	}
	return at == len(glob)
}
