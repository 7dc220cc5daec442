package meter_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/chitpay/chit/server/meter"
)

func TestTheLastNumberAtAPathIsWhatAnAnswerCosts(t *testing.T) {
	m, err := meter.NewPathMeter("$.job.pages", 3, 2, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind, body string
		due        uint64
	}{
		{"application/json", `{"job":{"pages":5}}`, 8},
		{"application/json", `{"job":{"pages":"4"}}`, 6},
		{"application/json", `{"job":{"pages":-4}}`, 0},
		{"application/json", `[]`, 0},
		{"application/json", `{"job":{"pages":1e15}}`, 100},
		{"text/event-stream", "data: {\"job\":{\"pages\":1}}\n\n: ping\n\ndata: {\"job\":{\"pages\":7}}\n\ndata: {\"job\":{\"pages\":null}}\n\n", 11},
		{"application/x-ndjson", "{\"job\":{\"pages\":2}}\n{}\nnothing\n{\"job\":{\"pages\":3}}", 5},
	} {
		s, err := m.Answer(http.StatusOK, http.Header{"Content-Type": {c.kind}})
		if err != nil {
			t.Fatal(err)
		}
		var got answer
		for i := range c.body {
			if err := s.Feed([]byte{c.body[i]}, got.emit); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.End(got.emit); err != nil || string(got.out) != c.body || uint64(s.Due()) != c.due {
			t.Errorf("%s: %d due, %q, %v", c.body, s.Due(), got.out, err)
		}
	}
}

func TestAPathMeterRefusesWhatItCannotRead(t *testing.T) {
	if _, err := meter.NewPathMeter("usage total", 1, 1, 1); err == nil {
		t.Error("a path that is none is taken")
	}
	if _, err := meter.NewPathMeter("$.a", 1, 0, 1); err == nil {
		t.Error("a price for nothing is taken")
	}
	m, err := meter.NewPathMeter("$.a", 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Answer(http.StatusOK, http.Header{"Content-Encoding": {"br"}}); !errors.Is(err, meter.ErrEncoded) {
		t.Errorf("a compressed answer: %v", err)
	}
	s, err := m.Answer(http.StatusOK, http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	var got answer
	if err := s.Feed(make([]byte, meter.MaxAnswer+1), got.emit); !errors.Is(err, meter.ErrTooLong) || len(got.out) > 0 {
		t.Errorf("a long answer: %v", err)
	}
}
