package dialect

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// readOpenAI reads a chunk or an answer of chat/completions, completions and embeddings.
func readOpenAI(t *Tally, event object) {
	choices, _ := event["choices"].([]any)
	for _, choice := range choices {
		t.say(at(choice, "delta"))
		t.say(at(choice, "message"))
		t.say(at(choice, "text"))
	}
	usage, told := event["usage"].(object)
	if !told {
		return
	}
	t.Extra = event["choices"] != nil && len(choices) == 0
	t.openAI(usage, "prompt", "completion")
}

// openAI reads a usage, whose names differ from API to API.
func (t *Tally) openAI(usage object, in, out string) {
	if all, told := Count(usage[in+"_tokens"]); told {
		cached, _ := Count(at(usage, in+"_tokens_details", "cached_tokens"))
		written, _ := Count(at(usage, in+"_tokens_details", "cache_write_tokens"))
		t.prompt(all, cached, written)
	}
	if all, told := Count(usage[out+"_tokens"]); told {
		reasoning, _ := Count(at(usage, out+"_tokens_details", "reasoning_tokens"))
		t.answer(all, reasoning)
	}
}

// readResponses reads an event or an answer of responses.
func readResponses(t *Tally, event object) {
	if delta, streamed := event["delta"]; streamed {
		t.say(delta)
	}
	answer := event
	if within, ok := event["response"].(object); ok {
		answer = within
	}
	usage, told := answer["usage"].(object)
	if !told {
		if answer["object"] == "response" && event["response"] == nil {
			t.say(answer["output"])
		}
		return
	}
	t.openAI(usage, "input", "output")
}

// readAnthropic reads an event or an answer of messages. What an event does not tell stays.
func readAnthropic(t *Tally, event object) {
	t.say(event["delta"])
	t.say(event["content"])
	t.say(event["content_block"])
	usage, told := event["usage"].(object)
	if !told {
		if usage, told = at(event, "message", "usage").(object); !told {
			return
		}
	}
	if in, told := Count(usage["input_tokens"]); told {
		t.InTold, t.Used.In = true, in
	}
	if cached, told := Count(usage["cache_read_input_tokens"]); told {
		t.Used.Cached = cached
	}
	if written, told := Count(usage["cache_creation_input_tokens"]); told {
		t.Used.Written = written
	}
	if all, told := Count(usage["output_tokens"]); told {
		reasoning, _ := Count(at(usage, "output_tokens_details", "thinking_tokens"))
		t.answer(all, reasoning)
	}
}

// readOllama reads a line or an answer. A count of 0 is left out by Ollama.
func readOllama(t *Tally, event object) {
	t.say(event["message"])
	t.say(event["response"])
	t.say(event["thinking"])
	in, inTold := Count(event["prompt_eval_count"])
	out, outTold := Count(event["eval_count"])
	if inTold || outTold {
		t.prompt(in, 0, 0)
		t.answer(out, 0)
	}
}

// firstObject is the JSON object with which a text begins, nil if there is none.
func firstObject(text []byte) []byte {
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != '{' {
		return nil
	}
	value, err := d.ReadValue()
	if err != nil {
		return nil
	}
	return bytes.Clone(value)
}
