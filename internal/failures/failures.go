// Package failures is what a loop over customers does instead of stopping at one of
// them: it collects the errors and goes on. However many there are, few are told one by
// one, so that a thousand channels which fail alike make a message that can be read.
package failures

import (
	"errors"
	"fmt"
)

// most is how many errors are told one by one.
const most = 10

// List is the errors of a loop that goes on after each. The zero value has none. It is
// not safe for concurrent use.
type List struct {
	told []error
	more int
}

// Add notes an error; nil is none.
func (l *List) Add(err error) {
	switch {
	case err == nil:
	case len(l.told) < most:
		l.told = append(l.told, err)
	default:
		l.more++
	}
}

// Err joins the errors, with the number of those that it leaves out; nil if there are
// none.
func (l *List) Err() error {
	if l.more == 0 {
		return errors.Join(l.told...)
	}
	return errors.Join(errors.Join(l.told...), fmt.Errorf("and %d more", l.more))
}
