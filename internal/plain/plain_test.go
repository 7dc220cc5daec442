package plain_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chitpay/chit/internal/plain"
)

func TestWhatATerminalWouldDoIsWrittenOut(t *testing.T) {
	for text, want := range map[string]struct{ line, lines string }{
		"plain, grün, 値段, 👍":  {"plain, grün, 値段, 👍", "plain, grün, 値段, 👍"},
		"\x1b[2Jgone":         {`\x1b[2Jgone`, `\x1b[2Jgone`},
		"\x1b]52;c;aGk=\a":    {`\x1b]52;c;aGk=\x07`, `\x1b]52;c;aGk=\x07`},
		"\u009b2J\u0085x":     {`\u009b2J\u0085x`, `\u009b2J\u0085x`},
		"a row\nforged\there": {`a row\nforged\there`, "a row\nforged\there"},
		"over\rwritten\b\x7f": {`over\rwritten\x08\u007f`, `over\rwritten\x08\u007f`},
		"\u2028\u2029":        {`\u2028\u2029`, `\u2028\u2029`},
		"txt.\u202eexe\u2066": {`txt.\u202eexe\u2066`, `txt.\u202eexe\u2066`},
		"not \xff\x9b UTF-8":  {`not \xff\x9b UTF-8`, `not \xff\x9b UTF-8`},
	} {
		if got := plain.Text(text); got != want.line {
			t.Errorf("%q is %q on a line, want %q", text, got, want.line)
		}
		if got := plain.Lines(text); got != want.lines {
			t.Errorf("%q is %q in lines, want %q", text, got, want.lines)
		}
		if plain.Is(text) != (text == want.line) {
			t.Errorf("%q is plain: %v", text, plain.Is(text))
		}
		var out bytes.Buffer
		if n, err := plain.Writer(&out).Write([]byte(text)); n != len(text) || err != nil || out.String() != want.lines {
			t.Errorf("%q is written as %q, %d, %v", text, out.String(), n, err)
		}
	}
}

func FuzzJSONStaysTheSame(f *testing.F) {
	f.Add("\x1b\u009b\u202e\x7f\n")
	f.Fuzz(func(t *testing.T, text string) {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		safe := plain.JSON(encoded)
		var before, after string
		if json.Unmarshal(encoded, &before) != nil || json.Unmarshal(safe, &after) != nil || before != after || !plain.Is(string(safe)) {
			t.Errorf("%q became %q", encoded, safe)
		}
		if line := plain.Text(text); strings.ContainsAny(line, "\n\r\x1b") || !utf8.ValidString(line) || !plain.Is(line) {
			t.Errorf("%q is on a line as %q", text, line)
		}
	})
}
