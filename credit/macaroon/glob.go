package macaroon

import (
	"fmt"
	"strings"

	"github.com/chitpay/chit/glob"
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
	for one := range strings.SplitSeq(list, ",") {
		if err := checkGlob(one); err != nil {
			return err
		}
	}
	return nil
}

func checkGlob(one string) error {
	if one == "" || len(one) > MaxGlob {
		return fmt.Errorf("a glob of %d bytes, want 1 to %d", len(one), MaxGlob)
	}
	if strings.TrimSpace(one) != one {
		return fmt.Errorf("space around the glob %q", one)
	}
	for _, c := range []byte(one) {
		if c < ' ' || c > '~' || c == ',' {
			return fmt.Errorf("%q in the glob %q: globs are printable ASCII, with commas between them", c, one)
		}
	}
	return glob.Check(one)
}

// MatchAny reports whether the name matches one of the globs in the list.
func MatchAny(list, name string) bool {
	for {
		first, rest, more := strings.Cut(list, ",")
		if glob.Match(first, name) {
			return true
		}
		if !more {
			return false
		}
		list = rest
	}
}

// covered reports whether everything that a glob matches is matched by one of the
// list. It may say no where the answer is yes.
func covered(list, narrower string) bool {
	for wider := range strings.SplitSeq(list, ",") {
		if glob.Covers(wider, narrower) {
			return true
		}
	}
	return false
}
