package framing

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// longText is longer than the messages that these tests take, which is 100 bytes.
var longText = strings.Repeat("x", 200)

func TestInThePlaceOfALongMessageComesAnErrorForItsRequest(t *testing.T) {
	failure := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32000,"message":"the answer is longer than the gateway takes"}}`
	}
	for name, test := range map[string]struct {
		framing Framing
		said    string
		heard   []string // whole lines that must come, in order; others are parts of what was cut
	}{
		"short lines":              {ByLine, "{\"id\":1}\n{\"id\":2}\n", []string{`{"id":1}`, `{"id":2}`}},
		"a long line":              {ByLine, `{"id":1,"result":"` + longText + "\"}\n{\"id\":2}\n", []string{failure("1"), `{"id":2}`}},
		"its id comes last":        {ByLine, `{"result":{"id":7,"text":"` + longText + `"},"jsonrpc":"2.0","id":"chit-9"}` + "\n{\"id\":2}\n", []string{failure(`"chit-9"`), `{"id":2}`}},
		"quotes within":            {ByLine, `{"result":"\"id\":5,\\` + longText + `" , "id" : 1 }` + "\n", []string{failure("1")}},
		"a long notification":      {ByLine, `{"method":"x","params":{"id":3,"text":"` + longText + "\"}}\n{\"id\":2}\n", []string{`{"id":2}`}},
		"a list in its place":      {ByLine, `[{"id":4},"` + longText + "\"]\n{\"id\":2}\n", []string{`{"id":2}`}},
		"short events":             {ByEvent, "event: message\ndata: {\"id\":1}\n\ndata: {\"id\":2}\n\n", []string{"event: message", `data: {"id":1}`, `data: {"id":2}`}},
		"a long event":             {ByEvent, "event: message\ndata: {\"id\":1,\"result\":\"" + longText + "\"}\n\ndata: {\"id\":2}\n\n", []string{"event: message", "data: " + failure("1"), `data: {"id":2}`}},
		"an event of many lines":   {ByEvent, "data: {\"id\":1,\n" + strings.Repeat("data: \"a\":1,\n", 20) + "data: \"b\":2}\n\ndata: {\"id\":2}\n\n", []string{"data: " + failure("1"), `data: {"id":2}`}},
		"lines that end by CR, LF": {ByEvent, "data: {\"id\":1,\"result\":\"" + longText + "\"}\r\n\r\ndata: {\"id\":2}\r\n\r\n", []string{"data: " + failure("1"), `data: {"id":2}`}},
		"an event without an end":  {ByEvent, "data: {\"id\":1,\"result\":\"" + longText + "\"}", []string{"data: " + failure("1")}},
	} {
		for _, slowly := range []bool{false, true} {
			from, met := io.Reader(strings.NewReader(test.said)), 0
			if slowly {
				from = iotest.OneByteReader(from)
			}
			got, err := io.ReadAll(New(io.NopCloser(from), test.framing, 100, func() { met++ }))
			if err != nil {
				t.Fatal(err)
			}
			rest := strings.Split(strings.ReplaceAll(string(got), "\r", ""), "\n")
			for _, line := range test.heard {
				for len(rest) > 0 && rest[0] != line {
					rest = rest[1:]
				}
				if len(rest) == 0 {
					t.Errorf("%s: %q does not come in its place in %q", name, line, got)
					break
				}
			}
			if long := strings.Contains(test.said, longText) || len(test.said) > 300; (met == 1) != long {
				t.Errorf("%s: %d limits met", name, met)
			}
			if len(got) > len(test.said) && len(got) > 600 || strings.Contains(string(got), longText) {
				t.Errorf("%s: it gives %d bytes", name, len(got))
			}
		}
	}
}

func TestAnAnswerIsReadToTheLimitAlone(t *testing.T) {
	for length, fits := range map[int]bool{99: true, 100: true, 101: false} {
		got, err := io.ReadAll(New(io.NopCloser(strings.NewReader(strings.Repeat("x", length))), Whole, 100, func() {}))
		if (err == nil) != fits || IsTooLong(err) == fits || len(got) > 100 {
			t.Errorf("%d bytes: %d, %v", length, len(got), err)
		}
	}
}
