package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// What a handler answers may be what another program said, and that program may be a
// shop itself. A payer would take its terms, receipts and refusals for this shop's, and
// pay it. What belongs to the protocols of payment is therefore this shop's own alone: it
// is taken out of everything that is passed on.

// ourMeta begin the members of _meta that are the protocols' own.
var ourMeta = []string{"x402/", "chit/", "org.paymentauth/"}

// ForeignMeta is a _meta of somebody else's as it may pass between a payer and what is
// sold, in either direction: without what belongs to the protocols of payment.
func ForeignMeta(meta *mcp.Meta) *mcp.Meta {
	if meta == nil || len(meta.AdditionalFields) == 0 {
		return meta
	}
	if rest := ForeignFields(meta.AdditionalFields); len(rest) < len(meta.AdditionalFields) {
		return &mcp.Meta{ProgressToken: meta.ProgressToken, AdditionalFields: rest}
	}
	return meta
}

// ForeignFields is [ForeignMeta] for the members of a _meta. What is given stays as it is.
func ForeignFields(fields map[string]any) map[string]any {
	isOurs := func(name string) bool {
		for _, prefix := range ourMeta {
			if strings.HasPrefix(name, prefix) {
				return true
			}
		}
		return false
	}
	for name := range fields {
		if isOurs(name) {
			fields = maps.Clone(fields)
			maps.DeleteFunc(fields, func(name string, _ any) bool { return isOurs(name) })
			break
		}
	}
	return fields
}

// ForeignContent is content of somebody else's, as [ForeignMeta] has it.
func ForeignContent(content mcp.Content) mcp.Content {
	switch c := content.(type) {
	case mcp.TextContent:
		c.Meta = ForeignMeta(c.Meta)
		return c
	case mcp.ImageContent:
		c.Meta = ForeignMeta(c.Meta)
		return c
	case mcp.AudioContent:
		c.Meta = ForeignMeta(c.Meta)
		return c
	case mcp.ResourceLink:
		c.Meta = ForeignMeta(c.Meta)
		return c
	case mcp.EmbeddedResource:
		c.Meta, c.Resource = ForeignMeta(c.Meta), ForeignResource(c.Resource)
		return c
	}
	return content
}

// ForeignResource is a resource of somebody else's, as [ForeignMeta] has it.
func ForeignResource(contents mcp.ResourceContents) mcp.ResourceContents {
	switch c := contents.(type) {
	case mcp.TextResourceContents:
		c.Meta = ForeignFields(c.Meta)
		return c
	case mcp.BlobResourceContents:
		c.Meta = ForeignFields(c.Meta)
		return c
	}
	return contents
}

var errAsksItself = errors.New("what is sold here asks for a payment of its own, which is its seller's business and not yours")

// disown takes out of what a tool gave what is not its to say. A tool that asks for a
// payment of its own has failed.
func (s *Shop) disown(tool string, result *mcp.CallToolResult, err error) (*mcp.CallToolResult, error) {
	var required mcp.URLElicitationRequiredError
	switch {
	case errors.As(err, &required) && len(required.Elicitations) == 0:
		// The code of this error is also that of a challenge to pay, which has none.
		s.logger.Warn("what is sold asks for a payment of its own", "tool", tool, "error", err)
		return nil, errAsksItself
	case err != nil || result == nil:
		return result, err
	case asksItself(result):
		s.logger.Warn("what is sold asks for a payment of its own", "tool", tool)
		return mcp.NewToolResultError(errAsksItself.Error()), nil
	}
	result.Meta = ForeignMeta(result.Meta)
	for i, content := range result.Content {
		if hasMeta(content) {
			result.Content[i] = ForeignContent(content)
		}
	}
	return result, nil
}

// hasMeta says whether content has a _meta, without a copy of it.
func hasMeta(content mcp.Content) bool {
	switch c := content.(type) {
	case mcp.TextContent:
		return c.Meta != nil
	case mcp.ImageContent:
		return c.Meta != nil
	}
	return true
}

// asksItself says whether clients would read a result as terms, or as what a credit token
// was refused with.
func asksItself(result *mcp.CallToolResult) bool {
	if readsAsTerms(result.RawStructuredContent, result.IsError) {
		return true
	}
	switch structured := result.StructuredContent.(type) {
	case *x402.PaymentRequired, x402.PaymentRequired, *terms.CreditRefusal, terms.CreditRefusal:
		return true
	case json.RawMessage:
		if readsAsTerms(structured, result.IsError) {
			return true
		}
	case map[string]any:
		if structured["x402Version"] != nil && structured["accepts"] != nil {
			return true
		}
	}
	for _, content := range result.Content {
		if text, ok := content.(mcp.TextContent); ok && readsAsTerms([]byte(text.Text), result.IsError) {
			return true
		}
	}
	return false
}

// readsAsTerms says whether JSON is an object of x402's terms, or in an error one of a
// credit token's refusal. Most of what is sold is not looked at twice.
func readsAsTerms(raw []byte, isError bool) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	mayBe := len(raw) > 0 && raw[0] == '{' && (isError || bytes.Contains(raw, []byte(`accepts`)) || bytes.Contains(raw, []byte(`\u`)))
	if !mayBe {
		return false
	}
	var object struct {
		X402Version, Accepts               json.RawMessage
		Code, Message, Required, Remaining json.RawMessage
		Type                               string
	}
	if json.Unmarshal(raw, &object) != nil {
		return false
	}
	if isError && strings.HasPrefix(object.Type, credit.RefusalType) {
		return true
	}
	return object.X402Version != nil && object.Accepts != nil ||
		isError && object.Code != nil && object.Message != nil && object.Required != nil && object.Remaining != nil
}

// ourHeaders are those of the protocols of payment, beside all that begin with Chit-.
var ourHeaders = map[string]bool{
	http.CanonicalHeaderKey(x402.HeaderPaymentRequired): true, http.CanonicalHeaderKey(x402.HeaderPaymentResponse): true,
	http.CanonicalHeaderKey(x402.HeaderPaymentSignature): true,
	"X-Payment": true, "X-Payment-Response": true, "Payment-Receipt": true,
}

// paymentChallenge is a challenge to pay among those of a WWW-Authenticate.
var paymentChallenge = regexp.MustCompile(`(?i)(^|,)\s*payment(\s|,|$)`)

// DisownHeaders deletes from a request or an answer of somebody else's the headers that
// belong to the protocols of payment.
func DisownHeaders(h http.Header) {
	for name := range h {
		plain := http.CanonicalHeaderKey(strings.TrimPrefix(name, http.TrailerPrefix))
		if ourHeaders[plain] || strings.HasPrefix(plain, "Chit-") {
			delete(h, name)
		}
	}
	if challenges, there := h["Www-Authenticate"]; there {
		h["Www-Authenticate"] = nil
		for _, challenge := range challenges {
			if !paymentChallenge.MatchString(challenge) {
				h.Add("WWW-Authenticate", challenge)
			}
		}
		if len(h["Www-Authenticate"]) == 0 {
			h.Del("WWW-Authenticate")
		}
	}
}

// disown is [Shop.disown] for an answer that is held back.
func (a *heldAnswer) disown() *heldAnswer {
	if a.Status == http.StatusPaymentRequired {
		return failedAnswer(errAsksItself)
	}
	DisownHeaders(a.Head)
	a.Head.Del("Set-Cookie") // an answer is kept, and given again
	return a
}

// disowning is [Shop.disown] for an answer that costs nothing, and is not held back.
type disowning struct {
	http.ResponseWriter
	begun, refused bool
	status         int // the last
}

func (d *disowning) WriteHeader(status int) {
	if d.begun {
		return
	}
	DisownHeaders(d.Header())
	d.status = status
	if d.begun = status >= http.StatusOK; status != http.StatusPaymentRequired {
		d.ResponseWriter.WriteHeader(status)
		return
	}
	d.refused = true
	for _, name := range []string{"Content-Encoding", "Content-Language", "Etag", "Set-Cookie"} {
		d.Header().Del(name)
	}
	failedAnswer(errAsksItself).send(d.ResponseWriter)
}

func (d *disowning) Write(p []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	if d.refused {
		return len(p), nil
	}
	return d.ResponseWriter.Write(p)
}

// Flush sends what is written so far.
func (d *disowning) Flush() {
	d.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(d.ResponseWriter).Flush() // not supported: it is sent in the end
}

// Unwrap is for [http.ResponseController].
func (d *disowning) Unwrap() http.ResponseWriter { return d.ResponseWriter }
