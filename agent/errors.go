package agent

import (
	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/deposit"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/lock"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/transfers"
)

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

// ErrAllowance says that a server takes transfers by Permit2 alone, which the payer has not
// approved.
var ErrAllowance = transfers.ErrAllowance

// ErrDoubts says that too many transfers are in doubt for another one to be signed.
var ErrDoubts = budget.ErrDoubts

// ErrNoChannel says that there is no money in a channel to the seller.
var ErrNoChannel = book.ErrNoChannel

// ErrUnwritten says that something could not be written into the payer's book. What was
// paid for is given all the same; nothing is signed until it can be written.
var ErrUnwritten = book.ErrUnwritten

// ErrUnreached says that no connection was made: nothing was sent, and nothing is charged.
var ErrUnreached = pay.ErrUnreached

// ErrUnknownOutcome says that no answer came: the call may have run and been charged, once at most.
var ErrUnknownOutcome = pay.ErrUnknownOutcome
