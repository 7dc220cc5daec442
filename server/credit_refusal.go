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
	// Type is "urn:chit:credit:" and the code, by which a client tells a refusal from an
	// error of the tool.
	Type string `json:"type"`
	*credit.Refusal
	// Required and Remaining are those of the refusal, absent where money or calls are not
	// the reason.
	Required  *vouchers.Amount `json:"required,omitempty"`
	Remaining *vouchers.Amount `json:"remaining,omitempty"`
	// Message says it for people.
	Message string `json:"message"`
	// RetryAfter is in seconds; absent if waiting does not help.
	RetryAfter int64 `json:"retryAfter,omitempty"`
	// Help is absent if the token is not genuine.
	Help *CreditHelp `json:"help,omitempty"`
}

// CreditHelp is what an agent can do about a refusal.
type CreditHelp struct {
	// Tools are those that cost something and that the token still pays for, the cheapest
	// first, 20 at most.
	Tools []PricedTool `json:"tools,omitempty"`
	// TopUp is how the owner raises the budget; absent if that does not help, as where a
	// narrowed token's own budget is used up.
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
		if rate := s.rates.Of(name); rate != nil && !isOwn(name) {
			all = append(all, PricedTool{name, rate.Price})
		}
	}
	slices.SortFunc(all, func(a, b PricedTool) int { return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Name, b.Name)) })
	return all
}

// explainCredit adds what would help to a refusal.
func (s *Shop) explainCredit(ctx context.Context, l *line, token string, err error, offered []PricedTool) *CreditRefusal {
	refused := new(credit.Refusal)
	if !errors.As(err, &refused) {
		refused = &credit.Refusal{Code: credit.CodeUnavailable, Err: err}
	}
	r := refusedToken(refused)
	parsed, parseErr := credit.Parse(token)
	defer func() { l.refuseToken(ctx, parsed, refused) }()
	if parseErr != nil || refused.Code == credit.CodeInvalidToken {
		return r
	}
	r.Help = &CreditHelp{Tools: s.fitting(token, l.name, refused, offered)}
	grant, err := s.Credit.Lookup(parsed.Grant())
	if err != nil {
		return r
	}
	l.payer, l.channel, l.grant = grant.Payer, grant.Channel, grant.ID
	r.Help.AskOwner = &CreditOwner{grant.Payer, grant.ID, grant.Label}
	if refused.Code == credit.CodeBudgetExhausted && refused.Granted && grant.Ended == 0 {
		r.Help.TopUp = fmt.Sprintf("chit credit top-up %s AMOUNT", grant.ID)
	}
	return r
}

// carried is the token that a call carries, for the log.
func carried(req *mcp.CallToolRequest) credit.Token {
	text, _ := creditToken(req)
	token, _ := credit.Parse(text) // what cannot be read names nobody
	return token
}

// refusedToken is a refusal as a client gets it.
func refusedToken(r *credit.Refusal) *CreditRefusal {
	shown := &CreditRefusal{Type: creditType(r.Code), Refusal: r, Message: r.Error(), RetryAfter: int64((r.RetryAfter + time.Second - 1) / time.Second)}
	if r.Required > 0 {
		shown.Required, shown.Remaining = &r.Required, &r.Remaining
	}
	return shown
}

func creditType(code credit.Code) string { return credit.RefusalType + string(code) }

// elsewhere are the codes of calls in whose place another tool may be called at once.
var elsewhere = map[credit.Code]bool{
	credit.CodeToolNotAllowed: true, credit.CodePerCallExceeded: true, credit.CodeBudgetExhausted: true,
	credit.CodeBalanceExhausted: true, credit.CodeRateLimited: true,
}

// fitting are the tools that cost something and that the token still pays for, in the
// place of one that it does not. What it does not pay for because of the price, it does not
// pay for when dearer.
func (s *Shop) fitting(token, asked string, why *credit.Refusal, offered []PricedTool) (fit []PricedTool) {
	if !elsewhere[why.Code] {
		return nil
	}
	for _, tool := range offered {
		if tool.Price == 0 || tool.Name == asked {
			continue
		}
		if why.Code == credit.CodeBalanceExhausted && tool.Price > why.Remaining {
			break
		}
		var refused *credit.Refusal
		err := s.Credit.Allows(token, credit.Call{Tool: tool.Name, Price: tool.Price})
		if errors.As(err, &refused) && refused.Code != credit.CodeToolNotAllowed {
			break
		}
		if err == nil {
			fit = append(fit, tool)
		}
		if len(fit) == maxHelp {
			break
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
		Type: r.Type, Title: "the credit token does not pay for this", Status: status, Detail: r.Message, CreditRefusal: r,
	}) // the client has gone: nobody is left to tell
}
