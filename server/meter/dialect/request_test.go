package dialect_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/chitpay/chit/server/meter/dialect"
)

func TestARequestSaysTheMostThatItCanCost(t *testing.T) {
	for _, c := range []struct {
		of      *dialect.Dialect
		body    string
		out     uint64
		bounded bool
	}{
		{dialect.Chat, `{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}`, 10, true},
		{dialect.Chat, `{"model":"m","max_completion_tokens":10,"max_tokens":5,"n":3,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`, 30, true},
		{dialect.Chat, `{"model":"m","messages":[{"role":"user","content":"hi"}]}`, 0, false},
		{dialect.Chat, `{"model":"m","max_tokens":10,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://x"}}]}]}`, 10, false},
		{dialect.Chat, `{"model":"m","max_tokens":10,"messages":[],"tools":[{"type":"function","function":{"parameters":{"type":"object"}}}]}`, 10, true},
		{dialect.Completions, `{"model":"m","max_tokens":10,"best_of":2,"prompt":["a","b"]}`, 40, true},
		{dialect.Completions, `{"model":"m","max_tokens":10,"prompt":[1,2,3]}`, 10, true},
		{dialect.Responses, `{"model":"m","max_output_tokens":7,"input":"hi"}`, 7, true},
		{dialect.Responses, `{"model":"m","max_output_tokens":7,"input":"hi","previous_response_id":"resp_1"}`, 7, false},
		{dialect.Responses, `{"model":"m","max_output_tokens":7,"input":"hi","tools":[{"type":"web_search"}]}`, 7, false},
		{dialect.Embeddings, `{"model":"m","input":["a","b"]}`, 0, true},
		{dialect.Messages, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"x"}]}]}]}`, 9, true},
		{dialect.Messages, `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image"}]}]}]}`, 9, false},
		{dialect.OllamaChat, `{"model":"m","options":{"num_predict":8},"messages":[{"role":"user","content":"x"}]}`, 8, true},
		{dialect.OllamaChat, `{"model":"m","options":{"num_predict":-1},"messages":[]}`, 0, false},
		{dialect.OllamaChat, `{"model":"m","options":{"num_predict":8},"messages":[{"role":"user","content":"x","Images":["aGk="]}]}`, 8, false},
		{dialect.Chat, `{"model":"m","max_tokens":9223372036854775807,"n":9,"messages":[]}`, 1<<64 - 1, true},
	} {
		ask, err := c.of.Ask([]byte(c.body))
		if err != nil || ask.Model != "m" || ask.Out != c.out || ask.Bounded != c.bounded || ask.In != uint64(len(c.body))+dialect.TemplateTokens || string(ask.Body) != c.body {
			t.Errorf("%s: %+v, %v", c.body, ask, err)
		}
	}
}

func TestARequestThatCanBeReadInTwoWaysIsRefused(t *testing.T) {
	for _, body := range []string{
		``, `[]`, `{`, `{"model":"m"} {}`, `{"model":"cheap","model":"dear"}`, `{"model":"cheap","MODEL":"dear"}`, `{"model":"cheap","\u004dodel":"dear"}`,
		`{"model":1}`, `{}`, `{"model":"m","stream":"true"}`, `{"model":"m","\u017ftream":true}`, `{"model":"m","max_tokens":"10"}`, `{"model":"m","max_tokens":1.5}`,
		`{"model":"m","stream":true,"stream_options":1}`, `{"model":"m","stream":true,"stream_options":{"Include_usage":false}}`,
	} {
		if _, err := dialect.Chat.Ask([]byte(body)); !errors.Is(err, dialect.ErrRequest) {
			t.Errorf("%s: %v", body, err)
		}
	}
	if _, err := dialect.Responses.Ask([]byte(`{"model":"m","background":true}`)); !errors.Is(err, dialect.ErrRequest) {
		t.Errorf("an answer in the background: %v", err)
	}
	if _, err := dialect.OllamaChat.Ask([]byte(`{"model":"m","options":{"NUM_PREDICT":9,"num_predict":1}}`)); !errors.Is(err, dialect.ErrRequest) {
		t.Errorf("a limit in two spellings: %v", err)
	}
}

func TestTheUsageOfAStreamIsAskedFor(t *testing.T) {
	for options, hidden := range map[string]bool{
		``: true, `,"stream_options":null`: true, `,"stream_options":{}`: true, `,"stream_options": { }`: true, `,"stream_options":{"include_usage":false,"x":1}`: true,
		`,"stream_options":{"x":[1]}`: true, `,"stream_options":{"include_usage":null}`: true, `,"stream_options":{"x":1,"include_usage":true}`: false,
	} {
		body := ` {"model":"m","stream":true` + options + `,"messages":[]}`
		ask, err := dialect.Chat.Ask([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		var before, after map[string]any
		if json.Unmarshal([]byte(body), &before) != nil || json.Unmarshal(ask.Body, &after) != nil {
			t.Fatalf("%s became %s", body, ask.Body)
		}
		within, _ := before["stream_options"].(map[string]any)
		if within == nil {
			within = map[string]any{}
		}
		within["include_usage"] = true
		before["stream_options"] = within
		if !reflect.DeepEqual(before, after) || ask.Hidden != hidden || !ask.Stream {
			t.Errorf("%s became %s, hidden %t", body, ask.Body, ask.Hidden)
		}
	}
	for _, of := range []*dialect.Dialect{dialect.Messages, dialect.Responses, dialect.OllamaChat} {
		body := `{"model":"m","stream":true}`
		if ask, err := of.Ask([]byte(body)); err != nil || string(ask.Body) != body || ask.Hidden {
			t.Errorf("%s: %s, %v", of.Name, ask.Body, err)
		}
	}
}

func FuzzAsk(f *testing.F) {
	f.Add(`{"model":"m","stream":true,"stream_options":{"include_usage":false},"messages":[{"content":[{"type":"text"}]}],"n":2}`)
	f.Add(`{"model":"m","options":{"num_predict":-2},"prompt":["a",1]}`)
	f.Fuzz(func(t *testing.T, body string) {
		for _, of := range all {
			ask, err := of.Ask([]byte(body))
			if err != nil {
				continue
			}
			if again, err := of.Ask(ask.Body); err != nil || again.Model != ask.Model || again.Out != ask.Out || again.Hidden {
				t.Fatalf("%s became %s: %+v, %v", body, ask.Body, again, err)
			}
			if !strings.HasPrefix(strings.TrimSpace(string(ask.Body)), "{") {
				t.Fatalf("%s became %s", body, ask.Body)
			}
		}
	})
}

var all = []*dialect.Dialect{
	dialect.Chat, dialect.Completions, dialect.Responses, dialect.Embeddings, dialect.Messages, dialect.OllamaChat, dialect.OllamaGenerate, dialect.OllamaEmbed,
}
