package frames_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/server/meter/frames"
)

// cut feeds a stream in chunks and gives what came out: its bytes and its events.
func cut(t interface{ Fatal(...any) }, form frames.Form, chunks ...[]byte) (raw []byte, events []string) {
	take := func(f frames.Frame) error {
		raw = append(raw, f.Raw...)
		if f.Data != nil {
			events = append(events, fmt.Sprintf("%s=%s", f.Name, f.Data))
		}
		return nil
	}
	s := frames.New(form)
	for _, chunk := range chunks {
		if err := s.Feed(chunk, take); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.End(take); err != nil {
		t.Fatal(err)
	}
	return raw, events
}

func TestEventsAreReadAsTheStandardHasThem(t *testing.T) {
	for stream, want := range map[string][]string{
		"data: a\n\ndata:b\n\n":                      {"=a", "=b"},
		"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n": {"x=a", "=b"},
		"data: a\r\revent: y\rdata: b\r\r":           {"=a", "y=b"},
		": ping\n\ndata: a\ndata:  b\nid: 1\n\n":     {"=a\n b"},
		"\xef\xbb\xbfdata: a\n\n":                    {"=a"},
		"data\n\n":                                   {"="},
		"data: cut":                                  {"=cut"},
		"\n\n\r\n":                                   nil,
	} {
		raw, events := cut(t, frames.Events, []byte(stream))
		if string(raw) != stream || !reflect.DeepEqual(events, want) {
			t.Errorf("%q: %q, %q", stream, raw, events)
		}
	}
	if _, events := cut(t, frames.Lines, []byte("{\"a\":1}\r\n\n {} \n[1]")); !reflect.DeepEqual(events, []string{`={"a":1}`, "={}", "=[1]"}) {
		t.Errorf("%q", events)
	}
}

func TestEventsDoNotDependOnWhereTheStreamIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom([]frames.Form{frames.Events, frames.Lines}).Draw(t, "form")
		stream := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"data: ", "event: a", "\n", "\r\n", "\r", ":", "x", "{}"}), 0, 40).Draw(t, "stream"), ""))
		_, whole := cut(t, form, stream)
		var chunks [][]byte
		for rest := stream; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			chunks, rest = append(chunks, rest[:n]), rest[n:]
		}
		raw, events := cut(t, form, chunks...)
		if !bytes.Equal(raw, stream) || !reflect.DeepEqual(events, whole) {
			t.Fatalf("%q in %q: %q, want %q", stream, chunks, events, whole)
		}
	})
}

func TestALongEventPassesOnInParts(t *testing.T) {
	var parts, most int
	var last frames.Frame
	s := frames.New(frames.Events)
	take := func(f frames.Frame) error {
		parts, most, last = parts+1, max(most, len(f.Raw)), f
		last.Raw = nil
		return nil
	}
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for range 64 {
		if err := s.Feed(chunk, take); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Feed([]byte("\n\n"), take); err != nil || !last.Part || !last.End {
		t.Fatalf("the end of a long event is %+v, %v", last, err)
	}
	if parts < 6 || most > frames.MaxEvent+len(chunk) {
		t.Fatalf("%d parts of at most %d bytes", parts, most)
	}
	if err := s.Feed([]byte("data: a\n\n"), take); err != nil || last.Part || string(last.Data) != "a" {
		t.Fatalf("the event after it is %+v, %v", last, err)
	}
}

func TestAnErrorOfTheTakerComesBack(t *testing.T) {
	full := errors.New("full")
	if err := frames.New(frames.Lines).Feed([]byte("1\n2\n"), func(frames.Frame) error { return full }); !errors.Is(err, full) {
		t.Fatal(err)
	}
}

func FuzzFramesKeepTheirBytes(f *testing.F) {
	f.Add([]byte("event: a\r\ndata: {}\r\n\r\n: x\n\ndata: b"), 7)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		for _, form := range []frames.Form{frames.Events, frames.Lines} {
			_, whole := cut(t, form, stream)
			at := min(max(at, 0), len(stream))
			raw, events := cut(t, form, stream[:at], stream[at:])
			if !bytes.Equal(raw, stream) || !reflect.DeepEqual(events, whole) {
				t.Fatalf("%q cut at %d: %q, want %q", stream, at, events, whole)
			}
		}
	})
}
