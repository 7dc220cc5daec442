package foreign

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/server/terms"
	"github.com/chitpay/chit/x402"
)

// ourMeta begin the members of _meta that are the protocols' own.
var ourMeta = []string{"x402/", "x402.", "chit/", "org.paymentauth/"}

// Meta is a _meta of somebody else's as it may pass between a payer and what is
// sold, in either direction: without what belongs to the protocols of payment.
func Meta(meta *mcp.Meta) *mcp.Meta {
	if meta == nil || len(meta.AdditionalFields) == 0 {
		return meta
	}
	if rest := Fields(meta.AdditionalFields); len(rest) < len(meta.AdditionalFields) {
		return &mcp.Meta{ProgressToken: meta.ProgressToken, AdditionalFields: rest}
	}
	return meta
}

// Fields is [Meta] for the members of a _meta. What is given stays as it is.
func Fields(fields map[string]any) map[string]any {
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

// Content is content of somebody else's, as [Meta] has it.
func Content(content mcp.Content) mcp.Content {
	switch c := content.(type) {
	case mcp.TextContent:
		c.Meta = Meta(c.Meta)
		return c
	case mcp.ImageContent:
		c.Meta = Meta(c.Meta)
		return c
	case mcp.AudioContent:
		c.Meta = Meta(c.Meta)
		return c
	case mcp.ResourceLink:
		c.Meta = Meta(c.Meta)
		return c
	case mcp.EmbeddedResource:
		c.Meta, c.Resource = Meta(c.Meta), Resource(c.Resource)
		return c
	}
	return content
}

// Resource is a resource of somebody else's, as [Meta] has it.
func Resource(contents mcp.ResourceContents) mcp.ResourceContents {
	switch c := contents.(type) {
	case mcp.TextResourceContents:
		c.Meta = Fields(c.Meta)
		return c
	case mcp.BlobResourceContents:
		c.Meta = Fields(c.Meta)
		return c
	}
	return contents
}

// ErrAsksItself is what is given in the place of an answer that asks for a payment of its own.
var ErrAsksItself = errors.New("what is sold here asks for a payment of its own, which is its seller's business and not yours")

// Disown takes out of what a tool gave what is not its to say. A tool that asks for a
// payment of its own has failed.
func Disown(logger *slog.Logger, tool string, result *mcp.CallToolResult, err error) (*mcp.CallToolResult, error) {
	switch disowned := DisownError(logger, tool, err); {
	case errors.Is(disowned, ErrAsksItself):
		return nil, disowned
	case err != nil || result == nil:
		return result, err
	case asksItself(result):
		logger.Warn("what is sold asks for a payment of its own", "tool", tool)
		return mcp.NewToolResultError(ErrAsksItself.Error()), nil
	}
	result.Meta = Meta(result.Meta)
	for i, content := range result.Content {
		if hasMeta(content) {
			result.Content[i] = Content(content)
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

// DisownError is the error of what was to give something, or [ErrAsksItself] where it asks for a
// payment of its own.
func DisownError(logger *slog.Logger, name string, err error) error {
	var required mcp.URLElicitationRequiredError
	if errors.As(err, &required) && len(required.Elicitations) == 0 {
		// The code of this error is also that of a challenge to pay, which has none.
		logger.Warn("what is sold asks for a payment of its own", "tool", name, "error", err)
		return ErrAsksItself
	}
	return err
}
