package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/vouchers"
)

// CreditRefusal is what a call is answered with that a token does not pay for. Over
// MCP it is the result's structuredContent, over HTTP part of the problem details.
type CreditRefusal struct {
	*credit.Refusal
	// Message says it for people.
	Message string `json:"message"`
	// RetryAfter is in seconds; absent if waiting does not help.
	RetryAfter int64 `json:"retryAfter,omitempty"`
	// Help is absent if the token is not genuine.
	Help *CreditHelp `json:"help,omitempty"`
}

// CreditHelp is what an agent can do about a refusal.
type CreditHelp struct {
	// Tools are those that the token still pays for, the cheapest first.
	Tools []PricedTool `json:"tools,omitempty"`
	// TopUp is how the owner raises the budget; absent if that does not help.
	TopUp string `json:"topUp,omitempty"`
	// AskOwner is who can do more.
	AskOwner *CreditOwner `json:"askOwner,omitempty"`
}

// PricedTool is a tool with the most that a call costs, in atomic units.
type PricedTool struct {
	Name  string          `json:"name"`
	Price vouchers.Amount `json:"price"`
}

// CreditOwner is who granted a token.
type CreditOwner struct {
	Payer common.Address `json:"payer"`
	Grant credit.GrantID `json:"grant"`
	Label string         `json:"label,omitempty"`
}

// maxHelp is how many tools a refusal names.
const maxHelp = 20

// offeredTools are the tools of the MCP server that the request came to, by price.
func offeredTools(ctx context.Context, s *Shop) []PricedTool {
	server := mcpserver.ServerFromContext(ctx)
	if server == nil {
		return nil
	}
	var all []PricedTool
	for name := range server.ListTools() {
		if rate := s.rates.of(name); rate != nil && !isOwn(name) {
			all = append(all, PricedTool{name, rate.price})
		}
	}
	slices.SortFunc(all, func(a, b PricedTool) int { return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Name, b.Name)) })
	return all
}

// explainCredit adds what would help to a refusal.
func (s *Shop) explainCredit(token string, call credit.Call, err error, offered []PricedTool) *CreditRefusal {
	refused := new(credit.Refusal)
	if !errors.As(err, &refused) {
		refused = &credit.Refusal{Code: credit.CodeUnavailable, Err: err}
	}
	r := &CreditRefusal{Refusal: refused, Message: refused.Error(), RetryAfter: int64((refused.RetryAfter + time.Second - 1) / time.Second)}
	parsed, parseErr := credit.Parse(token)
	s.logger.Info("credit token refused", "tool", call.Tool, "token", parsed, "code", refused.Code, "caveat", refused.Caveat)
	if parseErr != nil || refused.Code == credit.CodeInvalidToken {
		return r
	}
	r.Help = &CreditHelp{Tools: s.fitting(token, call.Tool, refused.Code, offered)}
	grant, err := s.Credit.Lookup(parsed.Grant())
	if err != nil {
		return r
	}
	r.Help.AskOwner = &CreditOwner{grant.Payer, grant.ID, grant.Label}
	if refused.Code == credit.CodeBudgetExhausted && grant.Ended == 0 {
		r.Help.TopUp = fmt.Sprintf("chit credit top-up %s AMOUNT", grant.ID)
	}
	return r
}

// fitting are the tools that the token still pays for, and those that are free.
func (s *Shop) fitting(token, asked string, why credit.Code, offered []PricedTool) []PricedTool {
	over := why == credit.CodeExpired || why == credit.CodeRevoked || why == credit.CodeNotYetValid || why == credit.CodeCallsExhausted
	var fit []PricedTool
	for _, tool := range offered {
		if len(fit) == maxHelp {
			break
		}
		paid := !over && s.Credit.Allows(token, credit.Call{Tool: tool.Name, Price: tool.Price}) == nil
		if tool.Name != asked && (tool.Price == 0 || paid) {
			fit = append(fit, tool)
		}
	}
	return fit
}

// refuseCredit answers a tool call that its token does not pay for.
func (s *Shop) refuseCredit(r *CreditRefusal) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a refusal: %w", err)
	}
	return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(text))}, StructuredContent: r, IsError: true}, nil
}

// creditStatus gives the HTTP status of each code.
var creditStatus = map[credit.Code]int{
	credit.CodeInvalidToken:     http.StatusUnauthorized,
	credit.CodeExpired:          http.StatusForbidden,
	credit.CodeNotYetValid:      http.StatusForbidden,
	credit.CodeRevoked:          http.StatusForbidden,
	credit.CodeToolNotAllowed:   http.StatusForbidden,
	credit.CodePerCallExceeded:  http.StatusForbidden,
	credit.CodeBudgetExhausted:  http.StatusPaymentRequired,
	credit.CodeCallsExhausted:   http.StatusPaymentRequired,
	credit.CodeBalanceExhausted: http.StatusPaymentRequired,
	credit.CodeRateLimited:      http.StatusTooManyRequests,
	credit.CodeBusy:             http.StatusTooManyRequests,
	credit.CodeTooManyTokens:    http.StatusTooManyRequests,
	credit.CodeUnavailable:      http.StatusServiceUnavailable,

	credit.CodeInvalidIdentifier:  http.StatusBadRequest,
	credit.CodeIdentifierConflict: http.StatusConflict,
	credit.CodeAnswerGone:         http.StatusGone,
}

// creditProblem is a refusal as problem details (RFC 9457).
type creditProblem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	*CreditRefusal
}

// writeCreditProblem answers a request that its token does not pay for.
func writeCreditProblem(w http.ResponseWriter, r *CreditRefusal) {
	status := creditStatus[r.Code]
	if r.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(r.RetryAfter, 10))
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(creditProblem{
		Type: "urn:chit:credit:" + string(r.Code), Title: "the credit token does not pay for this", Status: status, Detail: r.Message, CreditRefusal: r,
	}) // the client has gone: nobody is left to tell
}
