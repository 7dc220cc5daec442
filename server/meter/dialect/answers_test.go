package dialect_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/meter/dialect"
	"github.com/chitpay/chit/server/meter/rates"
)

func TestTheLastUsageOfAnAnswerIsWhatItHasUsed(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     *dialect.Dialect
		events []string
		want   rates.Usage
	}{
		{"a chat", dialect.Chat, []string{
			`{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello there"}}],"usage":null}`,
			`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}`,
			`{"choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":5}}}`,
		}, rates.Usage{In: 12, Cached: 8, Out: 4, Reasoning: 5}},
		{"a chat with a usage that rises", dialect.Chat, []string{
			`{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":1}}`,
			`{"choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}`,
		}, rates.Usage{In: 5, Out: 2}},
		{"a response", dialect.Responses, []string{
			`{"type":"response.created","response":{"object":"response","usage":null}}`,
			`{"type":"response.output_text.delta","delta":"Hello"}`,
			`{"type":"response.completed","response":{"usage":{"input_tokens":37,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":2},"output_tokens":11,"output_tokens_details":{"reasoning_tokens":10}}}}`,
		}, rates.Usage{In: 5, Cached: 30, Written: 2, Out: 1, Reasoning: 10}},
		{"a message", dialect.Messages, []string{
			`{"type":"message_start","message":{"content":[],"usage":{"input_tokens":25,"cache_creation_input_tokens":4,"cache_read_input_tokens":3,"output_tokens":1}}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello!"}}`,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}`,
			`{"type":"message_stop"}`,
		}, rates.Usage{In: 25, Cached: 3, Written: 4, Out: 15}},
		{"a chat of Ollama", dialect.OllamaChat, []string{
			`{"message":{"role":"assistant","content":"Hi"},"done":false}`,
			`{"message":{"role":"assistant","content":""},"done":true,"prompt_eval_count":26,"eval_count":298}`,
		}, rates.Usage{In: 26, Out: 298}},
		{"embeddings", dialect.Embeddings, []string{`{"object":"list","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}`}, rates.Usage{In: 8}},
		{"numbers in other forms", dialect.Chat, []string{`{"choices":[],"usage":{"prompt_tokens":"7","completion_tokens":2.5}}`}, rates.Usage{In: 7, Out: 3}},
		{"parts above the whole", dialect.Chat, []string{
			`{"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":9},"completion_tokens_details":{"reasoning_tokens":9}}}`,
		}, rates.Usage{Cached: 7, Reasoning: 2}},
		{"no usage", dialect.Chat, []string{`{"choices":[{"delta":{"content":"12345"}}]}`}, rates.Usage{In: 25, Out: 2}},
		{"lies", dialect.Chat, []string{
			`{"choices":[{"delta":{"content":"12345"}}]}`, `{"usage":{"prompt_tokens":-1,"completion_tokens":1e300}}`, `{"usage":{"prompt_tokens":"NaN","completion_tokens":{}}}`,
			`{"usage":[]}`, `{"usage":1e999}`, `[]`, `null`, `x`, `{"choices":1}`, `{"choices":[1,{"delta":2}]}`,
		}, rates.Usage{In: 25, Out: 2}},
	} {
		var tally dialect.Tally
		for _, event := range c.events {
			c.of.Event(&tally, []byte(event))
		}
		if used := tally.Estimate(100, 50); used != c.want {
			t.Errorf("%s has used %+v, want %+v", c.name, used, c.want)
		}
	}
}

func TestTheTailOfALongAnswerHasItsUsage(t *testing.T) {
	var tally dialect.Tally
	dialect.Responses.Tail(&tally, []byte(`... \"usage\":{\"input_tokens\":1}"}],"usage":{"input_tokens":37,"output_tokens":11},"user":null}}`))
	if used := tally.Estimate(0, 0); used != (rates.Usage{In: 37, Out: 11}) {
		t.Errorf("%+v", used)
	}
	for _, tail := range []string{``, `"usage":`, `"usage":{"input`, `"usage":null}`} {
		var none dialect.Tally
		if dialect.Chat.Tail(&none, []byte(tail)); none != (dialect.Tally{}) {
			t.Errorf("%s told %+v", tail, none)
		}
	}
}

func TestRefusalsAreTheErrorsOfEachAPI(t *testing.T) {
	r := dialect.Refusal{Status: http.StatusPaymentRequired, Message: "no money", Chit: []byte(`{"code":"budget_exhausted"}`)}
	for of, want := range map[*dialect.Dialect]string{
		dialect.Chat:       `{"error":{"message":"no money","type":"insufficient_quota","param":null,"code":"insufficient_quota","chit":{"code":"budget_exhausted"}}}`,
		dialect.Messages:   `{"type":"error","request_id":null,"error":{"type":"billing_error","message":"no money","chit":{"code":"budget_exhausted"}}}`,
		dialect.OllamaChat: `{"error":"no money","chit":{"code":"budget_exhausted"}}`,
	} {
		same(t, of.Refuse(r), want)
		_, data, isEvent := strings.Cut(string(of.End(r)), "data: ")
		if !isEvent {
			data = string(of.End(r))
		}
		same(t, []byte(data), want)
	}
	if end := string(dialect.Responses.End(r)); !strings.HasPrefix(end, "event: error\ndata: ") || !strings.Contains(end, `"type":"error"`) || !strings.HasSuffix(end, "\n\n") {
		t.Error(end)
	}
	for status, kind := range map[int]string{400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 502: "api_error"} {
		if body := string(dialect.Messages.Refuse(dialect.Refusal{Status: status})); !strings.Contains(body, kind) {
			t.Errorf("%d is %s", status, body)
		}
	}
	if comment := string(dialect.Chat.Receipt([]byte("{\n\"cost\": \"5\"\n}"))); comment != ": chit-receipt {\"cost\":\"5\"}\n\n" {
		t.Error(comment)
	}
	if none := dialect.OllamaChat.Receipt([]byte("{}")); none != nil {
		t.Error(string(none))
	}
}

func same(t *testing.T, got []byte, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	_ = json.Unmarshal([]byte(want), &b)
	left, _ := json.Marshal(a)
	right, _ := json.Marshal(b)
	if string(left) != string(right) {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":"2"},"delta":"y","message":{"usage":{"input_tokens":1}},"prompt_eval_count":3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, of := range all {
			var tally dialect.Tally
			of.Event(&tally, data)
			of.Tail(&tally, data)
			const most = 3 << 53 // three counts of a prompt, each as high as one can be
			if used := tally.Estimate(10, 10); used.In+used.Cached+used.Written > most || used.Out+used.Reasoning > 1<<53+10 {
				t.Fatalf("%s: %s has used %+v", of.Name, data, used)
			}
		}
	})
}
