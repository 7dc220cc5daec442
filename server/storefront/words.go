package storefront

import (
	"strings"
	"unicode/utf8"

	"github.com/chitpay/chit/internal/plain"
)

const (
	// MaxListed is how many tools a document names. All of them are in the list of tools.
	MaxListed = 500
	// MaxWords is the longest description that is shown, in bytes; what is longer is cut.
	MaxWords = 300
)

// words is what somebody wrote, on one line and not too long.
func words(text string) string {
	cut := text
	if len(cut) > MaxWords {
		cut = cut[:MaxWords]
		for len(cut) > 0 && !utf8.RuneStart(text[len(cut)]) {
			cut = cut[:len(cut)-1]
		}
		cut += "..."
	}
	return plain.Text(strings.Join(strings.Fields(cut), " "))
}

// Markup of markdown that could hide something, lead elsewhere, or end a span of code.
var (
	prose = strings.NewReplacer(`\`, `\\`, "`", "\\`", "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`)
	span  = strings.NewReplacer("`", "'")
)

// markdown is [words] in a line of markdown.
func markdown(text string) string { return prose.Replace(words(text)) }

// code is [words] as a span of code.
func code(text string) string { return "`" + span.Replace(words(text)) + "`" }
