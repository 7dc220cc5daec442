package account

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// Account is the payer's own book of one channel. Ceilings are signed over what is
// charged and what is in flight, so that calls may run at once and arrive in any
// order:
//
//	ceiling = charged + in flight + in doubt + price
//
// moved up where that number already pays another call, because a ceiling pays for
// one call. What the server can take is the highest ceiling that was ever signed, so
// nothing that it says makes that rise but a call, whose price is held: what it says is
// charged may be as high as what was signed before the call, and is counted then.
type Account struct {
	mu      sync.Mutex    // guards all fields below
	board   *board        // where other processes see this account; nil if there are none
	tally   Tally         // counts what no price covers; nil counts nothing
	hold    time.Duration // for how long a call may go on that others wait for
	heldUp  error         // why it ends then
	broken  error         // why the account cannot be shared any more; no call is signed then
	landed  chan struct{} // while a call of this process waits: closed when one lands
	noted   int64         // the last waits that this process has looked at
	noticed time.Time     // when it did so first
	// uncounted is why something that can be taken could not be counted; no call is signed then.
	uncounted error
	// foreign is what was charged before this process, where there is no book; nil until a
	// receipt says it.
	foreign *vouchers.Amount
	// forgets says that there is no book: what the payer signed before this process is
	// known from the server's proof alone.
	forgets bool
	figures
}

// Options say whose account it is, and who else knows of it.
type Options struct {
	// Folder is where processes with the same book share the accounts; empty is nobody, and
	// no book: what was signed before this process is known from the server's proof alone.
	Folder  string
	Channel vouchers.ChannelID
	// Tally counts what no price covers; nil counts nothing.
	Tally Tally
	// Hold is for how long a call may go on that others of the channel wait for, and HeldUp
	// why it ends then.
	Hold   time.Duration
	HeldUp error
}

// Open joins those who use a channel. Who is the first begins with what fresh returns.
// The caller closes the account.
func Open(ctx context.Context, o Options, fresh func() (Record, error)) (*Account, error) {
	a := &Account{forgets: o.Folder == "", tally: o.Tally, hold: o.Hold, heldUp: o.HeldUp}
	begin := func() (figures, error) {
		r, err := fresh()
		return r.figures(), err
	}
	var err error
	if o.Folder == "" {
		a.figures, err = begin()
	} else {
		a.board, err = openBoard(ctx, o.Folder, o.Channel, &a.figures, begin)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Close leaves the account to other processes.
func (a *Account) Close() error { return a.board.close() }

// Depositing lets one process at a time deposit into the channel; done ends it.
func (a *Account) Depositing(ctx context.Context) (done func(), err error) {
	return a.board.deposit(ctx)
}

// lock makes sure that nobody else uses the account, in this process or another, and
// that it is up to date.
func (a *Account) lock() {
	a.mu.Lock()
	if a.board != nil && a.broken == nil {
		a.broken = a.board.enter(&a.figures)
	}
}

// lockUntil is lock that waits for other processes until the context ends. On an error
// nothing is locked.
func (a *Account) lockUntil(ctx context.Context) (waited error) {
	a.mu.Lock()
	if a.board != nil && a.broken == nil {
		waited, a.broken = a.board.enterUntil(ctx, &a.figures)
	}
	if waited != nil {
		a.mu.Unlock()
	}
	return waited
}

// unlock ends what lock began, and lets other processes see what was changed.
func (a *Account) unlock() {
	if a.board != nil && a.broken == nil {
		a.broken = a.board.leave(&a.figures)
	}
	a.mu.Unlock()
}

// look is unlock where nothing was changed.
func (a *Account) look() {
	if a.board != nil && a.broken == nil {
		a.broken = a.board.exit()
	}
	a.mu.Unlock()
}

// Trouble is why the account cannot be shared any more, nil if it can.
func (a *Account) Trouble() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.broken, a.uncounted)
}
