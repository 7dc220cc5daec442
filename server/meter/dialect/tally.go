package dialect

import (
	"bytes"

	"github.com/chitpay/chit/server/meter/rates"
)

// bytesPerToken is what a token of text is taken for until the API tells its count.
const bytesPerToken = 4

// Tally is what an answer has told of its tokens so far.
type Tally struct {
	// Used is what was told last.
	Used rates.Usage
	// InTold and OutTold say which part of it was told.
	InTold, OutTold bool
	// Unsaid are bytes of text that came since the tokens of the answer were told.
	Unsaid uint64
	// Begun says that there was text.
	Begun bool
	// Extra says that the last event was OpenAI's chunk that has the usage alone.
	Extra bool
}

// Estimate is what has been used by what was told, and, for the rest, by a token for four bytes of
// the prompt and of the answer's text; out is the most tokens that the answer can be.
func (t *Tally) Estimate(prompt, out uint64) rates.Usage {
	used := t.Used
	if !t.InTold && t.Begun {
		used.In = tokens(prompt)
	}
	if t.Unsaid > 0 {
		told := used.Out + used.Reasoning
		used.Out += min(tokens(t.Unsaid), max(out, told)-told)
	}
	return used
}

func tokens(text uint64) uint64 { return text/bytesPerToken + min(text%bytesPerToken, 1) }

// Event reads the data of an event, or a whole answer. What is no JSON object tells nothing.
func (d *Dialect) Event(t *Tally, data []byte) {
	t.Extra = false
	if event, ok := decode(data); ok {
		d.read(t, event)
	}
}

// Tail reads the usage in the last bytes of an event or an answer that was too long to be
// held, where it stands last. A text cannot have it, since a text's quotes are escaped.
func (d *Dialect) Tail(t *Tally, tail []byte) {
	name := []byte(`"usage":`)
	if d.Form != 0 {
		return
	}
	from := bytes.LastIndex(tail, name)
	if from < 0 {
		return
	}
	if usage := firstObject(tail[from+len(name):]); usage != nil {
		event, _ := decode(append(append([]byte(`{"usage":`), usage...), '}'))
		t.Unsaid = 0
		d.read(t, event)
	}
}

// prompt notes the tokens of a prompt: all of them, and those that were read from and written
// to a cache, which are among them.
func (t *Tally) prompt(all, cached, written uint64) {
	t.InTold = true
	t.Used.Cached = min(cached, all)
	t.Used.Written = min(written, all-t.Used.Cached)
	t.Used.In = all - t.Used.Cached - t.Used.Written
}

// answer notes the tokens of an answer: all of them, and those of its reasoning among them.
func (t *Tally) answer(all, reasoning uint64) {
	t.OutTold, t.Unsaid = true, 0
	t.Used.Reasoning = min(reasoning, all)
	t.Used.Out = all - t.Used.Reasoning
}

func (t *Tally) say(v any) {
	if n := said(v); n > 0 {
		t.Begun = true
		t.Unsaid += n
	}
}
