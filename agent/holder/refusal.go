package holder

import (
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// Refusal is why a credit token does not pay for a call, as the server says it.
// Amounts are atomic units.
type Refusal struct {
	Code credit.Code `json:"code"`
	// Caveat is the text of the caveat that refused, empty if none did.
	Caveat string `json:"caveat,omitempty"`
	// Required is what the call takes, and Remaining what there is; in calls for
	// [credit.CodeCallsExhausted]. Both are 0, and absent in JSON, where money or calls are
	// not the reason.
	Required  vouchers.Amount `json:"required"`
	Remaining vouchers.Amount `json:"remaining"`
	Message   string          `json:"message"`
	// RetryAfter is in seconds; 0 if waiting does not help.
	RetryAfter int64 `json:"retryAfter,omitempty"`
	// Help is nil if the server has none.
	Help *Help `json:"help,omitempty"`
}

// MarshalJSON leaves the amounts out where they are not the reason.
func (e *Refusal) MarshalJSON() ([]byte, error) {
	type plain Refusal
	shown := struct {
		Type string `json:"type"`
		*plain
		Required  *vouchers.Amount `json:"required,omitempty"`
		Remaining *vouchers.Amount `json:"remaining,omitempty"`
	}{Type: credit.RefusalType + string(e.Code), plain: (*plain)(e)}
	if e.Required > 0 {
		shown.Required, shown.Remaining = &e.Required, &e.Remaining
	}
	return json.Marshal(shown)
}

// Help is what can be done about a refusal.
type Help struct {
	// Tools are those that the token still pays for, the cheapest first.
	Tools []PricedTool `json:"tools,omitempty"`
	// TopUp is the command by which the owner raises the budget; empty if that does not help.
	TopUp string `json:"topUp,omitempty"`
}

// PricedTool is a tool with what a call costs, in atomic units.
type PricedTool struct {
	Name  string          `json:"name"`
	Price vouchers.Amount `json:"price"`
}

// Error says why, which tools still fit, and what to ask for.
func (e *Refusal) Error() string {
	text := e.Message
	if e.Help == nil {
		return text
	}
	for i, tool := range e.Help.Tools {
		if i == 0 {
			text += "; it still pays for"
		} else {
			text += ","
		}
		text += fmt.Sprintf(" %s (%s)", tool.Name, tool.Price)
	}
	if e.Help.TopUp != "" {
		text += "; its owner can raise the budget: `" + e.Help.TopUp + "`"
	}
	return text
}

// Refused reads the refusal of a token out of a result; nil if it is none. A tool
// with an output schema is refused in the text alone.
func Refused(result *mcp.CallToolResult) *Refusal {
	if !result.IsError {
		return nil
	}
	return ReadRefusal(result.RawStructuredContent, textOf(result))
}

func textOf(result *mcp.CallToolResult) string {
	if len(result.Content) > 0 {
		if content, ok := result.Content[0].(mcp.TextContent); ok {
			return content.Text
		}
	}
	return ""
}

// Unpaid reads out of a result what the server asks for the call, in atomic units; 0 is
// nothing.
func Unpaid(result *mcp.CallToolResult) vouchers.Amount {
	if !result.IsError {
		return 0
	}
	return ReadUnpaid(result.RawStructuredContent, textOf(result))
}

// ReadUnpaid is [Unpaid] for the parts of a result.
func ReadUnpaid(structured json.RawMessage, text string) (most vouchers.Amount) {
	required, err := x402.DecodePaymentRequired(structured)
	if err != nil {
		required, err = x402.DecodePaymentRequired([]byte(text))
	}
	if err != nil {
		return 0
	}
	for _, way := range required.Accepts {
		if way.Is(x402.SchemeBatchSettlement) {
			most = max(most, way.Amount)
		}
	}
	return most
}

// ReadRefusal is [Refused] for the parts of a result.
func ReadRefusal(structured json.RawMessage, text string) *Refusal {
	for _, raw := range [][]byte{structured, []byte(text)} {
		var needed struct {
			Type, Code, Message string
			Required, Remaining json.RawMessage
		}
		if json.Unmarshal(raw, &needed) != nil || needed.Code == "" || needed.Message == "" {
			continue
		}
		old := needed.Required != nil && needed.Remaining != nil // of a server whose refusals have no type
		refused := new(Refusal)
		if (old || needed.Type == credit.RefusalType+needed.Code) && json.Unmarshal(raw, refused) == nil {
			return refused
		}
	}
	return nil
}
