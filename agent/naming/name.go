package naming

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrName says that something has a name that is not paid for: one that two readers
// could take for two names, or that no account can be kept of.
var ErrName = errors.New("nothing of this name is paid for")

// MaxName is how long the name of what is paid for may be, in bytes: that of a tool, or
// the URL of an HTTP resource.
const MaxName = 4096

// Check refuses what no honest tool or resource is called.
func Check(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: it has %d bytes, at most %d are taken", ErrName, len(name), MaxName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%w: %q has control characters, or is not UTF-8", ErrName, Short(name))
	}
	return nil
}

// Short cuts what the other side wrote, for a message.
func Short(text string) string {
	const most = 100
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
