package meanstest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402/mpp"
)

// asResource carries a call as a read of a resource that a template makes.
type asResource struct{}

func (asResource) name() string { return "as a resource" }

func (asResource) strips() bool { return true }

func (asResource) request(ctx context.Context, at *Place, text string, with Payment) (*http.Request, error) {
	return ask(ctx, at, mcp.MethodResourcesRead, map[string]any{"uri": work + strings.ReplaceAll(url.QueryEscape(text), "+", "%20")}, with)
}

func (asResource) read(status int, _ http.Header, body []byte) (reply, error) {
	return readGiven(status, body, func(r *givenResult) string { return r.Contents[0].Text })
}

// asPrompt carries a call as a get of a prompt.
type asPrompt struct{}

func (asPrompt) name() string { return "as a prompt" }

func (asPrompt) strips() bool { return true }

func (asPrompt) request(ctx context.Context, at *Place, text string, with Payment) (*http.Request, error) {
	return ask(ctx, at, mcp.MethodPromptsGet, map[string]any{"name": Tool, "arguments": map[string]any{"text": text}}, with)
}

func (asPrompt) read(status int, _ http.Header, body []byte) (reply, error) {
	return readGiven(status, body, func(r *givenResult) string { return r.Messages[0].Content.Text })
}

// givenResult is the result of a read of a resource or a get of a prompt.
type givenResult struct {
	Contents []struct{ Text string }
	Messages []struct{ Content struct{ Text string } }
	Meta     *mcp.Meta `json:"_meta"`
}

// required is the code of JSON-RPC by which x402 asks for a payment.
const required = 402

func readGiven(status int, body []byte, said func(*givenResult) string) (got reply, err error) {
	if status == http.StatusRequestEntityTooLarge {
		return reply{ending: refused, said: string(body)}, nil
	}
	var answer struct {
		Result *givenResult
		Error  *struct {
			Code int
			Data struct {
				Meta *mcp.Meta `json:"_meta"`
			}
		}
	}
	got = reply{ending: failed, said: string(body)}
	if json.Unmarshal(body, &answer) != nil || answer.Result == nil && answer.Error == nil {
		return got, nil
	}
	if answer.Result != nil {
		charged, err := chargedIn(answer.Result.Meta)
		return reply{delivered, said(answer.Result), charged}, err
	}
	switch answer.Error.Code {
	case required, mpp.CodePaymentRequired, mpp.CodeVerificationFailed:
		got.ending = refused
	}
	var charged *vouchers.Amount
	charged, err = chargedIn(answer.Error.Data.Meta)
	got.charged = charged
	return got, err
}
