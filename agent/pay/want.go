package pay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/words"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402"
	"github.com/chitpay/chit/x402/short"
)

// Receipt is what a call has cost. Amounts are atomic units.
type Receipt struct {
	// Paid says that the server took a payment; a free call and a failed one have none.
	Paid bool
	// Price is what was agreed to, the most that the call could cost, and Charged what it
	// cost.
	Price, Charged vouchers.Amount
	// Channel is what it was paid from, and Cumulative what that was charged over its
	// life by this client's own book.
	Channel    vouchers.ChannelID
	Cumulative vouchers.Amount
	// Tx is the transaction of the transfer that paid it, zero where none did or the seller names
	// none.
	Tx common.Hash `json:",omitzero"`
	// InDoubt is what counts as spent of a transfer of which it is not known whether it is made,
	// and Until the moment from which on it can be made no more.
	InDoubt vouchers.Amount `json:",omitzero"`
	Until   time.Time       `json:",omitzero"`
	// Signed is the seller's signed receipt, nil if it gives none that says the same.
	Signed *receipts.Signed
	// Unwritten is what of this, or of calls before it, could not be written into the book;
	// it wraps [book.ErrUnwritten]. No further call is signed until it can be.
	Unwritten error `json:"-"`
}

// Want is one thing to buy: a call of a tool, or an HTTP request.
type Want struct {
	// Name is what limits and terms go by.
	Name string
	// Most is the highest price that is paid for it; 0 is what the policy says.
	Most vouchers.Amount
	// Send asks for it, with a payment or without (nil). Where no answer comes, the
	// error is one of [Unanswered].
	Send func(context.Context, *words.Payment) (*Answer, error)
	// Tell asks without a payment where the channel stands that pays for it. It returns nil
	// where the answer does not say so.
	Tell func(context.Context, x402.StateOrder) (*x402.SettlementResponse, error)
	// Listed are the terms that the server announces for it, nil if there are none.
	Listed *x402.PaymentRequired
}

// Answer is what a server says about a payment.
type Answer struct {
	// Required is why the payment is not taken; nil where it is, or none is needed. Manner is what
	// it was said in.
	Required *x402.PaymentRequired
	Manner   words.Manner
	// Receipt is nil if there is none, and so is Paid, which is one in the short form, and the
	// signed one that goes with either.
	Receipt *x402.SettlementResponse
	Paid    *short.Paid
	Signed  *receipts.Signed
	// Failed says that what was asked for came to an error, which costs nothing.
	Failed bool
	// Withheld says that the server does not know yet whether it was paid, and keeps its answer for
	// who asks again with the same payment.
	Withheld bool
}

// Ask has the answer ask for money; nil is that it does not.
func (a *Answer) Ask(asked *words.Asked) {
	if asked != nil {
		a.Required, a.Manner = asked.Required, asked.Manner
	}
}

// isSilent says whether the answer says nothing of what was charged.
func (a *Answer) isSilent() bool { return a.Receipt == nil && a.Paid == nil }

// charge is what the answer says that a channel was charged for the call, and in total. Errors
// wrap [account.ErrDishonest].
func (a *Answer) charge(id vouchers.ChannelID) (charged, total vouchers.Amount, err error) {
	if a.isSilent() {
		return 0, 0, fmt.Errorf("%w: the answer carries no receipt that can be read", account.ErrDishonest)
	}
	if a.Receipt == nil {
		return a.Paid.Charged, a.Paid.Count, nil
	}
	state, of := a.Receipt.Extra.ChannelState, a.Receipt.Extra.ChargedAmount
	if !a.Receipt.Success || state == nil || state.ChannelID != id || state.ChargedCumulativeAmount == nil || of == nil {
		return 0, 0, fmt.Errorf("%w: the receipt does not say what channel %s was charged", account.ErrDishonest, id)
	}
	return *of, *state.ChargedCumulativeAmount, nil
}

// silence is an answer that did not come.
type silence struct{ error }

// Unwrap is why.
func (s silence) Unwrap() error { return s.error }

// Unanswered is the error of a request to which no answer came, so that nobody knows whether it
// was taken.
func Unanswered(err error) error { return silence{err} }

func isSilence(err error) bool {
	var s silence
	return errors.As(err, &s)
}

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
