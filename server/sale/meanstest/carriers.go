package meanstest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/server/onhttp"
	"github.com/chitpay/chit/server/onmcp"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
	"github.com/chitpay/chit/x402/v1"
)

// carrier is how a request and its answer travel.
type carrier interface {
	name() string
	// request is one for a text, with a payment or nil.
	request(ctx context.Context, at *Place, text string, with Payment) (*http.Request, error)
	// read is what the answer comes to.
	read(status int, head http.Header, body []byte) (reply, error)
	// strips says whether the arguments of what does not pay are taken away, and not only
	// left unread.
	strips() bool
}

var carriers = []carrier{overMCP{}, asResource{}, asPrompt{}, overHTTP{}}

// reply is what a call was answered with.
type reply struct {
	ending ending
	// said is the text of a good answer, and all of another.
	said string
	// charged is what the receipt says; nil is no receipt.
	charged *vouchers.Amount
}

func (r reply) String() string { return fmt.Sprintf("%s: %.500s", r.ending, r.said) }

type ending string

const (
	delivered ending = "delivered"
	failed    ending = "failed"
	refused   ending = "refused"
	lost      ending = "lost" // on its way
)

// send makes a call for a text.
func (tr *trial) send(at *Place, text string, with Payment) reply {
	return tr.sendIn(tr.Context(), at, text, with)
}

func (tr *trial) sendIn(ctx context.Context, at *Place, text string, with Payment) reply {
	req, err := tr.on.request(ctx, at, text, with)
	if err != nil {
		tr.Error(err)
		return reply{ending: lost, said: err.Error()}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{ending: lost, said: err.Error()}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{ending: lost, said: err.Error()}
	}
	got, err := tr.on.read(resp.StatusCode, resp.Header, body)
	if err != nil {
		tr.Errorf("%v in the answer %s", err, body)
	}
	return got
}

// buys makes a call that must be delivered, and charged so much.
func (tr *trial) buys(at *Place, text string, with Payment, cost vouchers.Amount) reply {
	tr.Helper()
	got := tr.send(at, text, with)
	if got.ending != delivered || got.charged == nil || *got.charged != cost {
		tr.Errorf("%q is answered %v with a receipt of %v, want it delivered at %s", clipped(text), got, got.charged, cost)
	}
	return got
}

// ends makes a call that must end so.
func (tr *trial) ends(at *Place, text string, with Payment, how ending) reply {
	tr.Helper()
	got := tr.send(at, text, with)
	if got.ending != how {
		tr.Errorf("%q is answered %v, want it %s", clipped(text), got, how)
	}
	return got
}

func clipped(text string) string { return text[:min(len(text), 40)] }

type overMCP struct{}

func (overMCP) name() string { return "over MCP" }

func (overMCP) strips() bool { return true }

func (overMCP) request(ctx context.Context, at *Place, text string, with Payment) (*http.Request, error) {
	return ask(ctx, at, mcp.MethodToolsCall, map[string]any{"name": Tool, "arguments": map[string]any{"text": text}}, with)
}

// ask is a request of MCP, with a payment or nil.
func ask(ctx context.Context, at *Place, method mcp.MCPMethod, params map[string]any, with Payment) (*http.Request, error) {
	if with != nil {
		meta := map[string]any{}
		with.OnCall(meta)
		params["_meta"] = meta
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	return req, nil
}

func (overMCP) read(_ int, _ http.Header, body []byte) (got reply, err error) {
	var answer struct{ Result *json.RawMessage }
	if err := json.Unmarshal(body, &answer); err != nil || answer.Result == nil {
		return reply{ending: failed, said: string(body)}, nil
	}
	result, err := mcp.ParseCallToolResult(answer.Result)
	if err != nil {
		return reply{}, err
	}
	got = reply{ending: delivered, said: string(body)}
	if got.charged, err = chargedIn(result.Meta); err != nil {
		return got, err
	}
	switch {
	case result.IsError && len(result.RawStructuredContent) > 0:
		got.ending = refused
	case result.IsError:
		got.ending = failed
	case len(result.Content) == 1:
		if text, ok := result.Content[0].(mcp.TextContent); ok {
			got.said = text.Text
		}
	}
	return got, nil
}

// chargedIn is what a result's _meta says that its call was charged, nil if it says nothing.
func chargedIn(meta *mcp.Meta) (*vouchers.Amount, error) {
	if meta == nil {
		return nil, nil
	}
	if text, there := meta.AdditionalFields[short.MetaPaid].(string); there {
		told, err := short.ParsePaid(text)
		return &told.Charged, err
	}
	if _, there := meta.AdditionalFields[v1.MetaPaymentResponse]; there {
		receipt, _ := meta.AdditionalFields[onmcp.MetaReceipt].(string)
		return chargedBy(receipt)
	}
	value, there := meta.AdditionalFields[x402.MetaPaymentResponse]
	if !there {
		return nil, nil
	}
	told, err := x402.DecodeValue[x402.SettlementResponse](value)
	if err != nil {
		return nil, err
	}
	return told.Extra.ChargedAmount, nil
}

// chargedBy is what a receipt is of. That of x402's first version has no amount.
func chargedBy(text string) (*vouchers.Amount, error) {
	receipt, err := receipts.ParseWire(text)
	if err != nil {
		return nil, err
	}
	return &receipt.Receipt.Charged, nil
}

type overHTTP struct{}

func (overHTTP) name() string { return "over HTTP" }

func (overHTTP) strips() bool { return false }

func (overHTTP) request(ctx context.Context, at *Place, text string, with Payment) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.route, strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Host = "place.example" // a request to another host is another request
	if with != nil {
		err = with.OnRequest(req)
	}
	return req, err
}

func (overHTTP) read(status int, head http.Header, body []byte) (got reply, err error) {
	got = reply{ending: delivered, said: string(body)}
	switch {
	case status >= http.StatusInternalServerError:
		got.ending = failed
	case status >= http.StatusMultipleChoices:
		got.ending = refused
		got.said += head.Get(x402.HeaderPaymentRequired)
	}
	if header := head.Get(x402.HeaderPaymentResponse); header != "" {
		told, err := x402.DecodeHeader[x402.SettlementResponse](header)
		if err != nil {
			return got, err
		}
		got.charged = told.Extra.ChargedAmount
	}
	if header := head.Get(short.HeaderPaid); header != "" {
		told, err := short.ParsePaid(header)
		if err != nil {
			return got, err
		}
		got.charged = &told.Charged
	}
	if head.Get(v1.HeaderResponse) != "" {
		got.charged, err = chargedBy(head.Get(onhttp.HeaderReceipt))
	}
	return got, err
}
