package agent

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// ErrUnreached says that no connection was made: nothing was sent, and nothing is charged.
var ErrUnreached = errors.New("the server was not reached, nothing was paid")

// ErrUnknownOutcome says that no answer came: the call may have run and been charged, once at most.
var ErrUnknownOutcome = errors.New("no answer: the call may have been charged")

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
	return fmt.Sprintf("%s: %s (%s)", what, naming.FewWords(message), naming.Short(string(e.Code)))
}

// ErrBookBusy says that another process has the channel book open.
var ErrBookBusy = lock.ErrBusy

// ErrURL says that nothing is bought at a URL: it is none, or one that two readers could
// take for two places.
var ErrURL = naming.ErrURL

// ErrPlain says that a credit token would be sent where others can read it.
var ErrPlain = naming.ErrPlain

// ErrName says that something has a name that is not paid for: one that two readers
// could take for two names, or that no account can be kept of.
var ErrName = naming.ErrName

// ErrLimit says that the other side has sent, or asked for, more than a client's
// [Limits] take.
var ErrLimit = dial.ErrLimit

// ErrNoServer says that nobody answers as an MCP server at a URL.
var ErrNoServer = dial.ErrNoServer

// ErrBalance says that a channel has not enough left.
var ErrBalance = account.ErrBalance

// ErrDishonest says that a server's numbers contradict what the client signed and was charged.
var ErrDishonest = account.ErrDishonest

// ErrOldBook says that more was signed, or claimed on chain, than the channel book knows of.
var ErrOldBook = account.ErrOldBook

// ErrPolicy says that the payer's own policy forbids a payment.
var ErrPolicy = policy.ErrRefused

// ErrTerms says that a server offers no way of paying that this client can use.
var ErrTerms = policy.ErrTerms

// ErrFunds says that the payer's own account has not enough.
var ErrFunds = deposit.ErrFunds

// ErrNoChannel says that there is no money in a channel to the seller.
var ErrNoChannel = book.ErrNoChannel

// ErrUnwritten says that something could not be written into the payer's book. What was
// paid for is given all the same; nothing is signed until it can be written.
var ErrUnwritten = book.ErrUnwritten
