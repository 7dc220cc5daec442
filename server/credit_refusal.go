package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
)

// maxHelp is how many tools a refusal names.
const maxHelp = 20

// offeredTools are the tools of the MCP server that the request came to, by price.
func offeredTools(ctx context.Context, s *Shop) []terms.PricedTool {
	server := mcpserver.ServerFromContext(ctx)
	if server == nil {
		return nil
	}
	var all []terms.PricedTool
	for name := range server.ListTools() {
		if rate := s.rates.Of(name); rate != nil && !isOwn(name) {
			all = append(all, terms.PricedTool{Name: name, Price: rate.Price})
		}
	}
	slices.SortFunc(all, func(a, b terms.PricedTool) int {
		return cmp.Or(cmp.Compare(a.Price, b.Price), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// explainCredit adds what would help to a refusal.
func (s *Shop) explainCredit(ctx context.Context, l *sale.Line, token string, err error, offered []terms.PricedTool) *terms.CreditRefusal {
	refused := new(credit.Refusal)
	if !errors.As(err, &refused) {
		refused = &credit.Refusal{Code: credit.CodeUnavailable, Err: err}
	}
	r := terms.RefuseToken(refused)
	parsed, parseErr := macaroon.Parse(token)
	defer func() { refuseToken(ctx, l, parsed, refused) }()
	if parseErr != nil || refused.Code == credit.CodeInvalidToken {
		return r
	}
	r.Help = &terms.CreditHelp{Tools: s.fitting(token, l.Name, refused, offered)}
	grant, err := s.Credit.Lookup(parsed.Grant())
	if err != nil {
		return r
	}
	l.Spends(grant.ID, grant.Channel, grant.Payer)
	r.Help.AskOwner = &terms.CreditOwner{Payer: grant.Payer, Grant: grant.ID, Label: grant.Label}
	if refused.Code == credit.CodeBudgetExhausted && refused.Granted && grant.Ended == 0 {
		r.Help.TopUp = fmt.Sprintf("chit credit top-up %s AMOUNT", grant.ID)
	}
	return r
}

// carried is the token that a call carries, for the log.
func carried(req *mcp.CallToolRequest) macaroon.Token {
	text, _ := creditToken(req)
	token, _ := macaroon.Parse(text) // what cannot be read names nobody
	return token
}

// elsewhere are the codes of calls in whose place another tool may be called at once.
var elsewhere = map[credit.Code]bool{
	credit.CodeToolNotAllowed: true, credit.CodePerCallExceeded: true, credit.CodeBudgetExhausted: true,
	credit.CodeBalanceExhausted: true, credit.CodeRateLimited: true,
}

// fitting are the tools that cost something and that the token still pays for, in the
// place of one that it does not. What it does not pay for because of the price, it does not
// pay for when dearer.
func (s *Shop) fitting(token, asked string, why *credit.Refusal, offered []terms.PricedTool) (fit []terms.PricedTool) {
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
func (s *Shop) refuseCredit(r *terms.CreditRefusal) (*mcp.CallToolResult, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode a refusal: %w", err)
	}
	return &mcp.CallToolResult{Content: []mcp.Content{mcp.NewTextContent(string(text))}, StructuredContent: r, IsError: true}, nil
}

// refuseToken logs a call that its credit token did not pay for, and counts it.
func refuseToken(ctx context.Context, l *sale.Line, token macaroon.Token, r *credit.Refusal) {
	more := []slog.Attr{slog.Any("token", token)}
	if r.Caveat != "" {
		more = append(more, slog.String("caveat", r.Caveat))
	}
	l.Refuse(ctx, slog.LevelInfo, string(r.Code), r.Error(), more...)
}
