package agent

import (
	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/budget"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/pay"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/relay"
)

// The names that a payer's program needs, wherever in the rooms below they stand.
type (
	// Options say who pays, with what, and how much at most.
	Options = pay.Options
	// TopUp is when a client deposits by itself, and how much.
	TopUp = pay.TopUp
	// Receipt is what a call has cost.
	Receipt = pay.Receipt
	// Moved is money that went into or out of a channel.
	Moved = pay.Moved
	// Balance is what a payer can spend at a server.
	Balance = pay.Balance
	// Dispute is a charge that no call of this payer explains.
	Dispute = pay.Dispute
	// Reopened is that a server has opened its books anew, as one does that was restored.
	Reopened = pay.Reopened
	// RefusedError is a payment that the server refused for good.
	RefusedError = pay.RefusedError
	// Limits bound what the other side can make a client read, remember or wait for.
	Limits = dial.Limits
	// Policy limits what a client pays by itself.
	Policy = policy.Policy
	// ToolLimit limits the tools whose names match a pattern.
	ToolLimit = policy.ToolLimit
	// Proposal is a payment that somebody has to approve.
	Proposal = policy.Proposal
	// PolicyError is a payment that the payer's own [Policy] forbids; it wraps [ErrPolicy].
	PolicyError = policy.Error
	// Code says for machines why a payment was not made, or came to nothing.
	Code = policy.Code
	// LimitLeft is a budget with what is left of it.
	LimitLeft = policy.Left
	// Entry is a channel in the book.
	Entry = book.Entry
	// Spent is what was spent by the payer's own book.
	Spent = budget.Spent
	// Finding is what a recovery would write into the book.
	Finding = account.Finding
	// BalanceError is a call that a channel cannot pay; it wraps [ErrBalance].
	BalanceError = account.BalanceError
)

// The limits of a client whose policy sets none, in atomic units, and the limit that no
// payment meets; see [Policy].
const (
	DefaultMaxPrice         = policy.DefaultMaxPrice
	DefaultPerDay           = policy.DefaultPerDay
	DefaultMaxDeposit       = policy.DefaultMaxDeposit
	DefaultTopUpPerDay      = policy.DefaultTopUpPerDay
	DefaultMaxWithdrawDelay = policy.DefaultMaxWithdrawDelay
	Unlimited               = policy.Unlimited
)

// The codes of what the policy forbids.
const (
	CodeServerNotAllowed = policy.CodeServerNotAllowed
	CodeToolNotAllowed   = policy.CodeToolNotAllowed
	CodePerCallExceeded  = policy.CodePerCallExceeded
	CodePriceRaised      = policy.CodePriceRaised
	CodeBudgetExhausted  = policy.CodeBudgetExhausted
	CodeNotApproved      = policy.CodeNotApproved
	CodeDepositExceeded  = policy.CodeDepositExceeded
)

// BalanceTool is the tool that a [Proxy] adds: what there is to spend, and what was spent.
const BalanceTool = relay.BalanceTool
