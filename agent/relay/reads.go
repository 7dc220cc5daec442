package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/x402"
)

// What costs money beside tools: resources that are read and prompts that are got. Policies, books
// and credit tokens know them by [x402.ResourcePrefix] and the URI, and [x402.PromptPrefix] and the
// name.

// member and prefix of what a request names.
var reads = map[string]struct{ member, prefix string }{
	string(mcp.MethodResourcesRead): {"uri", x402.ResourcePrefix},
	string(mcp.MethodPromptsGet):    {"name", x402.PromptPrefix},
}

// lists are where a server says what they cost.
var lists = map[string]struct{ entries, member, prefix string }{
	string(mcp.MethodResourcesList): {"resources", "uri", x402.ResourcePrefix},
	string(mcp.MethodPromptsList):   {"prompts", "name", x402.PromptPrefix},
}

// isPaid says whether a request may cost money, and takes as long as it takes.
func isPaid(method string) bool {
	_, isRead := reads[method]
	return isRead || method == string(mcp.MethodToolsCall)
}

// read leaves a read of a resource or a get of a prompt to who pays.
func (p *Relay) read(ctx context.Context, m Message) (Message, error) {
	of := reads[m.Method]
	params, name, err := readParams(m.Params, of.member, of.prefix)
	if err != nil {
		return Message{Error: rpcError(mcp.INVALID_PARAMS, m.Method+": "+err.Error())}, nil
	}
	if m.Params, err = json.Marshal(params); err != nil {
		return Message{}, err
	}
	return p.paying.Call(ctx, m, name, params)
}

// list passes a list of resources or prompts on, and tells who pays what they cost.
func (p *Relay) list(ctx context.Context, m Message) (Message, error) {
	answer, err := p.Forward(ctx, m.ID, m.Method, m.Params)
	if err == nil && answer.Error == nil {
		_, _ = p.seePage(m.Method, answer.Result, p.paying.Sees) // what cannot be read announces nothing
	}
	return answer, err
}

func (p *Relay) seePage(method string, raw json.RawMessage, see func(name string, meta map[string]json.RawMessage)) (next string, err error) {
	of := lists[method]
	fields, err := exactly(raw)
	if err != nil {
		return "", err
	}
	var entries []json.RawMessage
	if err := errors.Join(member(fields, of.entries, &entries), member(fields, "nextCursor", &next)); err != nil {
		return "", err
	}
	if len(entries) > p.limits.Entries {
		return "", dial.Over("Entries", p.limits.Entries, "a page has more entries")
	}
	for _, entry := range entries {
		if name, meta, err := readEntry(entry, of.member, of.prefix); err == nil {
			see(name, meta)
		}
	}
	return next, nil
}

func readEntry(raw json.RawMessage, of, prefix string) (name string, meta map[string]json.RawMessage, err error) {
	fields, err := exactly(raw)
	if err != nil {
		return "", nil, err
	}
	if err := errors.Join(member(fields, of, &name), member(fields, "_meta", &meta)); err != nil {
		return "", nil, err
	}
	return prefix + name, meta, naming.Check(name)
}

// EachRead goes through the server's lists of resources and prompts, page by page. A server that
// has no such list has none.
func (p *Relay) EachRead(ctx context.Context, do func(name string, meta map[string]json.RawMessage)) error {
	for method := range lists {
		params := map[string]any{}
		for page := 0; ; page++ {
			if page == p.limits.Pages {
				return dial.Over("Pages", p.limits.Pages, method+" has more pages")
			}
			answer, err := p.Forward(ctx, nil, method, params)
			if err != nil {
				return err
			}
			if answer.Error != nil {
				break
			}
			next, err := p.seePage(method, answer.Result, do)
			if err != nil {
				return err
			}
			if next == "" {
				break
			}
			params["cursor"] = next
		}
	}
	return nil
}

// Refusal is what a server's error says of a payment.
type Refusal struct {
	// Data are the terms, or why a token does not pay; nil where the error asks for nothing.
	Data json.RawMessage
	// Message is for people.
	Message string
	// Meta is the _meta that stands for that of a result.
	Meta map[string]json.RawMessage
}

// ReadError reads the error that a read is answered with.
func ReadError(raw json.RawMessage) (r Refusal, err error) {
	fields, err := exactly(raw)
	var code int
	if err == nil {
		err = errors.Join(member(fields, "code", &code), member(fields, "message", &r.Message))
	}
	if err != nil {
		return r, fmt.Errorf("the error cannot be read: %w", err)
	}
	if words.IsRefusal(code) {
		r.Data = fields["data"]
	}
	if data, err := exactly(fields["data"]); err == nil && !IsNull(data["_meta"]) {
		if r.Meta, err = exactly(data["_meta"]); err != nil {
			return r, fmt.Errorf("the _meta of the error cannot be read: %w", err)
		}
	}
	return r, nil
}

// OwnAnswer is that of the proxy in the place of the server's: the result of a tool, or an error
// whose data say the same.
func OwnAnswer(to Message, text string, structured any) (Message, error) {
	if to.Method == string(mcp.MethodToolsCall) {
		return OwnResult(text, structured, true)
	}
	raw, err := json.Marshal(mcp.JSONRPCErrorDetails{Code: mcp.INTERNAL_ERROR, Message: text, Data: structured})
	return Message{Error: raw}, err
}
