package agent

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// What callers branch on.
var (
	// ErrPolicy says that the payer's own policy forbids a payment.
	ErrPolicy = errors.New("refused by policy")
	// ErrNoChannel says that there is no money in a channel to the seller.
	ErrNoChannel = errors.New("no channel")
	// ErrBalance says that a channel has not enough left.
	ErrBalance = errors.New("channel balance too low")
	// ErrFunds says that the payer's own account has not enough.
	ErrFunds = errors.New("not enough in the wallet")
	// ErrTerms says that a server offers no way of paying that this client can use.
	ErrTerms = errors.New("no acceptable payment terms")
	// ErrDishonest says that a server's numbers contradict what the client signed and was charged.
	ErrDishonest = errors.New("the server's numbers are wrong")
	// ErrOldBook says that more was signed, or claimed on chain, than the channel book knows of.
	ErrOldBook = errors.New("the channel book does not know of it")
	// ErrNoServer says that nobody answers as an MCP server at a URL.
	ErrNoServer = errors.New("does not answer as an MCP server")
	// ErrUnreached says that no connection was made: nothing was sent, and nothing is charged.
	ErrUnreached = errors.New("the server was not reached, nothing was paid")
	// ErrUnknownOutcome says that no answer came: the call may have run and been charged, once at most.
	ErrUnknownOutcome = errors.New("no answer: the call may have been charged")
	// ErrBookBusy says that another process has the channel book open.
	ErrBookBusy = errors.New("the channel book is in use")
)

// RefusedError is a payment that the server refused for good.
type RefusedError struct {
	// Code is x402's, Detail the server's explanation.
	Code   x402.ErrorCode
	Detail string
	// Price is what the server asks, in atomic USDC; 0 for a deposit or a refund.
	Price vouchers.Amount
}

// Error names the code and says what to do.
func (e *RefusedError) Error() string {
	message := e.Detail
	if message == "" {
		message = e.Code.Message()
	}
	what := "refused"
	if e.Price > 0 {
		what = fmt.Sprintf("payment of %s refused", e.Price)
	}
	return fmt.Sprintf("%s: %s (%s)", what, fewWords(message), short(string(e.Code)))
}
