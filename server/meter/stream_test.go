package meter_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/chitpay/chit/server/meter"
	"github.com/chitpay/chit/server/meter/dialect"
	"github.com/chitpay/chit/server/meter/frames"
	"github.com/chitpay/chit/server/meter/rates"
	"github.com/chitpay/chit/vouchers"
)

var table = rates.Table{
	"llama-*": {In: 100_000, Cached: 50_000, Written: 125_000, Out: 400_000, Reasoning: 600_000},
	"gpt-*":   {In: 2_500_000, Cached: 1_250_000, Written: 2_500_000, Out: 10_000_000, Reasoning: 10_000_000},
}

// answer is what came out of a stream.
type answer struct {
	out  []byte
	dues []vouchers.Amount
}

func (a *answer) emit(piece []byte, due vouchers.Amount) error {
	a.out, a.dues = append(a.out, piece...), append(a.dues, due)
	return nil
}

func asked(t testing.TB, of *dialect.Dialect, most vouchers.Amount, body string) *meter.Call {
	t.Helper()
	call, err := (&meter.Tokens{Dialect: of, Models: table, Max: most}).Ask([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return call
}

func begin(t testing.TB, call *meter.Call, kind string) *meter.Stream {
	t.Helper()
	s, err := call.Answer(http.StatusOK, http.Header{"Content-Type": {kind}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sent is a stream of an upstream: its bytes, those that a caller is to see, and its usage.
type sent struct {
	of           *dialect.Dialect
	request      string
	all, visible string
	used         rates.Usage
}

// random is a stream with a usage as it comes.
func random(r *rand.Rand) sent {
	end := []string{"\n", "\r\n"}[r.IntN(2)]
	used := rates.Usage{In: r.Uint64N(5000), Cached: r.Uint64N(5000), Written: r.Uint64N(100), Out: r.Uint64N(3000), Reasoning: r.Uint64N(3000)}
	in, out := used.In+used.Cached+used.Written, used.Out+used.Reasoning
	prompt := strings.Repeat("word ", int(in)) // a token is a byte at least
	limit := out + r.Uint64N(1000)
	s := sent{used: used}
	var all, visible strings.Builder
	event := func(hidden bool, format string, args ...any) {
		text := fmt.Sprintf(format, args...) + end
		if s.of.Form == frames.Events {
			text = "data: " + text + end
			if r.IntN(8) == 0 {
				text = ": ping" + end + end + text
			}
		}
		all.WriteString(text)
		if at := strings.Index(text, "data: "); hidden && at >= 0 {
			text = text[:at]
		}
		visible.WriteString(text)
	}
	words := func(format string) {
		for range r.IntN(30) {
			event(false, format, strings.Repeat("wörd \\\"usage\\\": ", r.IntN(4)))
		}
	}
	switch r.IntN(4) {
	case 0:
		s.of = dialect.Chat
		wants := r.IntN(2) == 0
		s.request = fmt.Sprintf(`{"model":"gpt-x","stream":true,"stream_options":{"include_usage":%t},"max_tokens":%d,"messages":[{"role":"user","content":%q}]}`, wants, limit, prompt)
		words(`{"choices":[{"delta":{"content":"%s"}}],"usage":null}`)
		event(!wants, `{"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d}}}`, in, out, used.Cached, used.Written, used.Reasoning)
		event(false, "[DONE]")
	case 1:
		s.of = dialect.Responses
		s.request = fmt.Sprintf(`{"model":"gpt-x","stream":true,"max_output_tokens":%d,"input":%q}`, limit, prompt)
		words(`{"type":"response.output_text.delta","delta":"%s"}`)
		event(false, `{"type":"response.completed","response":{"instructions":"%s","usage":{"input_tokens":%d,"output_tokens":%d,"input_tokens_details":{"cached_tokens":%d,"cache_write_tokens":%d},"output_tokens_details":{"reasoning_tokens":%d}},"user":null}}`,
			strings.Repeat("x", r.IntN(32)/31*frames.MaxEvent), in, out, used.Cached, used.Written, used.Reasoning)
	case 2:
		s.of = dialect.Messages
		s.used.Out, s.used.Reasoning = out, 0
		s.request = fmt.Sprintf(`{"model":"llama-x","stream":true,"max_tokens":%d,"messages":[{"role":"user","content":%q}]}`, limit, prompt)
		event(false, `{"type":"message_start","message":{"usage":{"input_tokens":%d,"cache_read_input_tokens":%d,"cache_creation_input_tokens":%d,"output_tokens":1}}}`, used.In, used.Cached, used.Written)
		words(`{"type":"content_block_delta","delta":{"type":"text_delta","text":"%s"}}`)
		event(false, `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%d}}`, out)
	default:
		s.of = dialect.OllamaChat
		s.used = rates.Usage{In: in + 1, Out: out}
		s.request = fmt.Sprintf(`{"model":"llama-x","options":{"num_predict":%d},"messages":[{"role":"user","content":%q}]}`, limit, prompt)
		words(`{"message":{"content":"%s"},"done":false}`)
		event(false, `{"message":{"content":""},"done":true,"prompt_eval_count":%d,"eval_count":%d}`, in+1, out)
	}
	s.all, s.visible = all.String(), visible.String()
	return s
}

// lines are those of a stream that are not empty.
func lines(stream []byte) string {
	return strings.Join(strings.FieldsFunc(string(stream), func(r rune) bool { return r == '\n' || r == '\r' }), "\n")
}

// price is what a usage costs, in integers without a bound.
func price(r rates.Rates, u rates.Usage) *big.Int {
	sum := new(big.Int)
	for rate, count := range map[*vouchers.Amount]uint64{&r.In: u.In, &r.Cached: u.Cached, &r.Written: u.Written, &r.Out: u.Out, &r.Reasoning: u.Reasoning} {
		sum.Add(sum, new(big.Int).Mul(rate.Big(), new(big.Int).SetUint64(count)))
	}
	return sum.Div(sum.Add(sum, big.NewInt(999_999)), big.NewInt(1_000_000))
}

func TestAPriceIsThatOfTheUpstreamsUsageHoweverTheStreamIsCut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		for range 100 {
			s := random(r)
			call := asked(t, s.of, 0, s.request)
			stream := begin(t, call, "text/event-stream")
			var got answer
			for rest := []byte(s.all); len(rest) > 0; {
				n := 1 + r.IntN(min(len(rest), 1+r.IntN(4000)))
				if err := stream.Feed(rest[:n], got.emit); err != nil {
					rt.Fatal(err)
				}
				rest = rest[n:]
			}
			if err := stream.End(got.emit); err != nil {
				rt.Fatal(err)
			}
			want, _ := table.Find(call.Model)
			if stream.Due().Big().Cmp(price(want, s.used)) != 0 {
				rt.Fatalf("%s: %d is due for %+v, want %d: %.2000s", s.of.Name, stream.Due(), s.used, price(want, s.used), s.all)
			}
			if used, told := stream.Used(); used != s.used || !told {
				rt.Fatalf("%+v were used, %t, want %+v", used, told, s.used)
			}
			if hidden := s.all != s.visible; !hidden && string(got.out) != s.all || lines(got.out) != lines([]byte(s.visible)) {
				rt.Fatalf("%s became %.2000q, want %.2000q", s.of.Name, got.out, s.visible)
			}
			for _, due := range got.dues {
				if due > call.Ceiling {
					rt.Fatalf("%d is due, above %d", due, call.Ceiling)
				}
			}
		}
	})
}

func TestAnUpstreamThatLiesCostsNoMoreThanTheCeiling(t *testing.T) {
	for _, usage := range []string{`{"prompt_tokens":9007199254740992,"completion_tokens":9007199254740992}`, `{"prompt_tokens":-5,"completion_tokens":1e308}`, `"much"`} {
		call := asked(t, dialect.Chat, 0, `{"model":"gpt-x","stream":true,"max_tokens":10,"messages":[]}`)
		s := begin(t, call, "text/event-stream")
		var got answer
		for range 2 {
			if err := s.Feed([]byte(`data: {"choices":[{"delta":{"content":"`+strings.Repeat("x", 9000)+`"}}],"usage":`+usage+"}\n\n"), got.emit); err != nil {
				t.Fatal(err)
			}
		}
		if s.Due() > call.Ceiling || s.Due() == 0 {
			t.Errorf("%s: %d is due, the ceiling is %d", usage, s.Due(), call.Ceiling)
		}
	}
}

func TestAStreamEndsWhereNothingElseLimitsItThanItsCeiling(t *testing.T) {
	const most = 100
	s := begin(t, asked(t, dialect.Chat, most, `{"model":"gpt-x","stream":true,"messages":[]}`), "text/event-stream")
	var got answer
	var err error
	for err == nil {
		err = s.Feed([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"four\"}}]}\n\n"), got.emit)
	}
	if last := got.dues[len(got.dues)-1]; !errors.Is(err, meter.ErrCeiling) || last > most || last < most-20 || s.Due() != last {
		t.Fatalf("%v after %d, %d due", err, last, s.Due())
	}
	if end := string(s.Ended(dialect.Refusal{Status: http.StatusPaymentRequired, Message: "used up"})); !strings.Contains(end, "insufficient_quota") {
		t.Error(end)
	}
}

func TestAnAnswerInOnePieceLeavesAtItsCost(t *testing.T) {
	call := asked(t, dialect.Embeddings, 0, `{"model":"gpt-e","input":"`+strings.Repeat("word ", 100)+`"}`)
	for _, vectors := range []int{10, meter.MaxAnswer} {
		body := `{"object":"list","data":[{"embedding":"` + strings.Repeat("A", vectors) + `"}],"usage":{"prompt_tokens":100,"total_tokens":100}}`
		s := begin(t, call, "application/json")
		if !s.Whole() {
			t.Fatal("it is not whole")
		}
		var got answer
		for rest := []byte(body); len(rest) > 0; {
			n := min(len(rest), 32<<10)
			if err := s.Feed(rest[:n], got.emit); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := s.End(got.emit); err != nil {
			t.Fatal(err)
		}
		if string(got.out) != body || s.Due() != 250 {
			t.Errorf("%d of %d bytes, %d due, want 250", len(got.out), len(body), s.Due())
		}
	}
}

func TestAnErrorOfTheUpstreamCostsNothing(t *testing.T) {
	call := asked(t, dialect.Chat, 0, `{"model":"gpt-x","stream":true,"max_tokens":10,"messages":[]}`)
	s, err := call.Answer(http.StatusTooManyRequests, http.Header{"Content-Encoding": {"gzip"}})
	if err != nil {
		t.Fatal(err)
	}
	var got answer
	if err := errors.Join(s.Feed([]byte(`{"usage":{"prompt_tokens":9}}`), got.emit), s.End(got.emit)); err != nil || s.Due() != 0 || !bytes.Contains(got.out, []byte("usage")) {
		t.Fatalf("%v, %d due, %q", err, s.Due(), got.out)
	}
	if _, err := call.Answer(http.StatusOK, http.Header{"Content-Encoding": {"gzip"}}); !errors.Is(err, meter.ErrEncoded) {
		t.Fatalf("a compressed answer: %v", err)
	}
}

func TestWhatCannotBePricedIsRefusedInTheAPIsWords(t *testing.T) {
	for body, want := range map[string]struct {
		err    error
		status int
	}{
		`{"model":"other","max_tokens":1,"messages":[]}`: {meter.ErrModel, http.StatusNotFound},
		`{"model":"gpt-x","messages":[]}`:                {meter.ErrNoCeiling, http.StatusBadRequest},
		`{"model":"gpt-x"`:                               {dialect.ErrRequest, http.StatusBadRequest},
	} {
		m := &meter.Tokens{Dialect: dialect.Messages, Models: table}
		_, err := m.Ask([]byte(body))
		if status, said := m.Refuse(err); !errors.Is(err, want.err) || status != want.status || !bytes.Contains(said, []byte(`"type":"error"`)) {
			t.Errorf("%s: %v, %d %s", body, err, status, said)
		}
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"), 9)
	f.Fuzz(func(t *testing.T, body []byte, at int) {
		at = min(max(at, 0), len(body))
		for _, kind := range []string{"text/event-stream", "application/json"} {
			call := asked(t, dialect.Chat, 50, `{"model":"gpt-x","stream":true,"messages":[]}`)
			dues := map[bool]vouchers.Amount{}
			for _, whole := range []bool{true, false} {
				s, cut := begin(t, call, kind), at
				if whole {
					cut = len(body)
				}
				var got answer
				if err := s.Feed(body[:cut], got.emit); err == nil {
					if err = s.Feed(body[cut:], got.emit); err == nil {
						_ = s.End(got.emit)
					}
				}
				if dues[whole] = s.Due(); s.Due() > call.Ceiling || len(got.out) > len(body) {
					t.Fatalf("%d due of %d, %d of %d bytes", s.Due(), call.Ceiling, len(got.out), len(body))
				}
			}
			if dues[true] != dues[false] {
				t.Fatalf("cut at %d %d is due, uncut %d: %q", at, dues[false], dues[true], body)
			}
		}
	})
}
