package terms

import (
	"net/http"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/credit"
	"github.com/chitpay/chit/credit/macaroon"
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
	Payer common.Address   `json:"payer"`
	Grant macaroon.GrantID `json:"grant"`
	Label string           `json:"label,omitempty"`
}

// RefuseToken is a refusal as a client gets it.
func RefuseToken(r *credit.Refusal) *CreditRefusal {
	shown := &CreditRefusal{Type: creditType(r.Code), Refusal: r, Message: r.Error(), RetryAfter: int64((r.RetryAfter + time.Second - 1) / time.Second)}
	if r.Required > 0 {
		shown.Required, shown.Remaining = &r.Required, &r.Remaining
	}
	return shown
}

func creditType(code credit.Code) string { return credit.RefusalType + string(code) }

// Status is the HTTP status of the refusal.
func (r *CreditRefusal) Status() int { return creditStatus[r.Code] }

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

// CreditReceipt is what an answer says of the token that paid for it. Amounts are
// atomic units.
type CreditReceipt struct {
	Grant     macaroon.GrantID `json:"grant"`
	Charged   vouchers.Amount  `json:"charged"`
	Remaining vouchers.Amount  `json:"remaining"`
}
