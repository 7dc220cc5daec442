// Package plain makes what somebody else wrote fit to be read on a terminal: names,
// descriptions, labels and errors of the other side are data. What would move the
// cursor, clear the screen, write the clipboard, break a line or turn the direction of
// the text is written out instead of done.
package plain

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Is says whether a text has nothing but characters to be seen.
func Is(text string) bool { return unsafeAt(text, alone) < 0 }

// Text is a text on one line: control characters (C0, DEL and C1), line breaks, marks of
// direction and what is not UTF-8 are escaped as in Go: \n, \x1b, \u202e.
func Text(text string) string { return escape(text, alone) }

// Lines is [Text] for a text of several lines: line breaks and tabs stay.
func Lines(text string) string { return escape(text, within) }

// JSON escapes in encoded JSON what may stand in it as it is: DEL, C1 and marks of
// direction. It means the same.
func JSON(encoded []byte) []byte {
	at := unsafeAt(string(encoded), within)
	if at < 0 {
		return encoded
	}
	var out bytes.Buffer
	for _, r := range string(encoded) {
		if isUnsafe(r) && r != '\n' && r != '\t' && r != utf8.RuneError {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes()
}

// Writer writes to a terminal what is left of a text by [Lines]. Each Write is of whole
// characters.
func Writer(to io.Writer) io.Writer { return writer{to} }

type writer struct{ to io.Writer }

// Write implements [io.Writer].
func (w writer) Write(p []byte) (int, error) {
	if unsafeAt(string(p), within) < 0 {
		return w.to.Write(p)
	}
	if _, err := io.WriteString(w.to, Lines(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// alone and within are the control characters that stay.
const (
	alone  = ""
	within = "\n\t"
)

func isUnsafe(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// unsafeAt is where the first character is that is escaped, -1 if there is none.
func unsafeAt(text, stays string) int {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 || isUnsafe(r) && !strings.ContainsRune(stays, r) {
			return at
		}
		at += size
	}
	return -1
}

func escape(text, stays string) string {
	first := unsafeAt(text, stays)
	if first < 0 {
		return text
	}
	var out strings.Builder
	out.WriteString(text[:first])
	for at := first; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[at])
		case isUnsafe(r) && !strings.ContainsRune(stays, r):
			out.WriteString(escaped(r))
		default:
			out.WriteRune(r)
		}
		at += size
	}
	return out.String()
}

func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x20:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// Clip keeps what somebody else wrote from filling an error message: its first 80 bytes.
func Clip(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}
