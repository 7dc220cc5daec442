package pay

import (
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/naming"
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
