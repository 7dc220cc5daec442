package sale

import (
	"log/slog"
	"sync"
	"time"

	"github.com/chitpay/chit/server/limits"
	"github.com/chitpay/chit/server/offer"
	"github.com/chitpay/chit/vouchers/ledger"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Register is what all sales of a shop share: who had what for nothing, whose calls cost
// nothing, what was sold, and the receipts.
type Register struct {
	Options

	uncharged *uncharged
	sold      sold
	silent    sync.Map // names of metered tools that have reported no cost
}

// Options say what a register works with.
type Options struct {
	// Ledger says whose a channel is, Receipts are those of all charges, and Free is what payers
	// have for nothing.
	Ledger   *ledger.Ledger
	Receipts *receipts.Book
	Free     *offer.FreeBook
	// Limits bound the calls of one payer that are not charged.
	Limits limits.Limits
	// Met is told of each limit that is met.
	Met func(limit string)
	// Observe is told of every payment that was accepted, and how long that took.
	Observe func(name string, check time.Duration)
	// Now tells the time by which limits count.
	Now func() time.Time
	// Logger takes a line of each call.
	Logger *slog.Logger
}

// New returns a register that has sold nothing yet.
func New(o Options) *Register {
	if o.Observe == nil {
		o.Observe = func(string, time.Duration) {}
	}
	return &Register{Options: o, uncharged: &uncharged{limit: o.Limits.UnchargedCalls, per: o.Limits.UnchargedPer, now: o.Now}}
}

// Summary logs what was sold, unless nobody has asked for anything.
func (r *Register) Summary() { r.sold.log(r.Logger) }
