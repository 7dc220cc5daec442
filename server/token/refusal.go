package token

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
	"github.com/chitpay/chit/server/sale"
	"github.com/chitpay/chit/server/terms"
)

// maxHelp is how many tools a refusal names.
const maxHelp = 20

// explainCredit adds what would help to a refusal.
func (s *Seller) explainCredit(ctx context.Context, l *sale.Line, token string, err error, offered func() []terms.PricedTool) *terms.CreditRefusal {
	refused := new(credit.Refusal)
	if !errors.As(err, &refused) {
		refused = &credit.Refusal{Code: credit.CodeUnavailable, Err: err}
	}
	r := terms.RefuseToken(refused)
	parsed, parseErr := macaroon.Parse(token)
	defer func() { refuseToken(ctx, l, parsed, refused) }()
	if parseErr != nil || refused.Code == credit.CodeInvalidToken && !errors.Is(refused, credit.ErrNoGrant) {
		return r
	}
	r.Help = &terms.CreditHelp{Tools: s.fitting(token, l.Name, refused, offered)}
	grant, err := s.book.Lookup(parsed.Grant())
	if errors.Is(err, credit.ErrNoGrant) {
		r.Help.AskOwner = s.ownerOf(parsed)
	}
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

// ownerOf is whose channel a token of a grant that is not known names, nil if that is not known
// either.
func (s *Seller) ownerOf(token macaroon.Token) *terms.CreditOwner {
	id, _ := token.Channel()
	channel, known := s.ledger.Channel(id)
	if !known {
		return nil
	}
	return &terms.CreditOwner{Payer: channel.Config.Payer, Grant: token.Grant()}
}

// elsewhere are the codes of calls in whose place another tool may be called at once.
var elsewhere = map[credit.Code]bool{
	credit.CodeToolNotAllowed: true, credit.CodePerCallExceeded: true, credit.CodeBudgetExhausted: true,
	credit.CodeBalanceExhausted: true, credit.CodeRateLimited: true,
}

// fitting are the tools that cost something and that the token still pays for, in the
// place of one that it does not. What it does not pay for because of the price, it does not
// pay for when dearer.
func (s *Seller) fitting(token, asked string, why *credit.Refusal, offered func() []terms.PricedTool) (fit []terms.PricedTool) {
	if offered == nil || !elsewhere[why.Code] {
		return nil
	}
	for _, tool := range offered() {
		if tool.Price == 0 || tool.Name == asked {
			continue
		}
		if why.Code == credit.CodeBalanceExhausted && tool.Price > why.Remaining {
			break
		}
		var refused *credit.Refusal
		err := s.book.Allows(token, credit.Call{Tool: tool.Name, Price: tool.Price})
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

// refuseToken logs a call that its credit token did not pay for, and counts it.
func refuseToken(ctx context.Context, l *sale.Line, token macaroon.Token, r *credit.Refusal) {
	more := []slog.Attr{slog.Any("token", token)}
	if r.Caveat != "" {
		more = append(more, slog.String("caveat", r.Caveat))
	}
	l.Refuse(ctx, slog.LevelInfo, string(r.Code), r.Error(), more...)
}
