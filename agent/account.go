package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/chitpay/chit/vouchers"
)

// account is the payer's own book of one channel. Ceilings are signed over what is
// charged and what is in flight, so that calls may run at once and arrive in any
// order:
//
//	ceiling = charged + in flight + in doubt + price
//
// moved up where that number already pays another call, because a ceiling pays for
// one call. What the server can take is the highest ceiling that was ever signed, so
// nothing that it says makes that rise but a call, whose price is held: what it says is
// charged may be as high as what was signed before the call, and is counted then.
type account struct {
	mu      sync.Mutex    // guards all fields below
	board   *board        // where other processes see this account; nil if there are none
	tally   tally         // counts what no price covers; nil counts nothing
	hold    time.Duration // for how long a call may go on that others wait for
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

// tally counts, beside the prices of calls, what can be taken from a channel.
type tally interface {
	// concede counts what the server says is charged and no receipt explains. Ceilings
	// of it were signed before, and are never signed again.
	concede(vouchers.Amount) error
	// exceed counts by how much a ceiling is above the sum of all prices, unless a limit
	// forbids it.
	exceed(vouchers.Amount) error
	// fits tells whether all that is counted is within the limits.
	fits() error
	// restore counts what was charged, and signed beyond that, before the book was lost.
	restore(charged, beyond vouchers.Amount) error
	// resolve says what became of prices in doubt: so much was charged, so much was not.
	resolve(charged, freed vouchers.Amount)
	// comeBack says that what was charged is less by so much. It stays signed.
	comeBack(vouchers.Amount)
	// arrive says that so much of what was conceded was for calls that had come back.
	arrive(vouchers.Amount)
}

// figures are an account's numbers. All processes that pay from a channel have the same.
type figures struct {
	balance  vouchers.Amount
	most     vouchers.Amount              // the highest balance that the chain's node told of since money was last taken out
	charged  vouchers.Amount              // the server's count: charges of answered calls, and the offset
	offset   vouchers.Amount              // the part of charged that no receipt explains; it was signed before and is not spent
	signed   vouchers.Amount              // the highest ceiling ever signed
	seen     vouchers.Amount              // the highest total that the server reported
	doubt    vouchers.Amount              // prices of calls whose answer never came
	flying   vouchers.Amount              // sum of the prices in inFlight
	inFlight map[vouchers.Amount]flight   // by ceiling
	unsure   bool                         // no answer has confirmed yet what the book or the chain had
	losses   uint64                       // how many answers never came
	heard    bool                         // a call that was signed after the last of them was answered
	spent    map[vouchers.Amount]spending // ceilings above charged that are not free
	draining bool                         // a correction waits for the calls in flight
	signings uint64                       // how many ceilings were reserved
	turns    uint64                       // so many calls yet are made one at a time
	opened   vouchers.Amount              // what was signed when the account became unsure: the server may count from there
	fresh    vouchers.Amount              // charges and losses since
	raised   bool                         // something was conceded: no call is signed before it fits
	waits    int64                        // since when a call waits for those in flight, Unix nanoseconds; 0 is none
	gone     vouchers.Amount              // the highest ceiling that may have left this machine
	block    uint64                       // as of which the balance is; 0 is not known
	vouched  vouchers.Amount              // the highest ceiling of which a voucher is known: this payer sent it, or was shown it
	unproven vouchers.Amount              // what was conceded since the last receipt
	disputed vouchers.Amount              // what was charged and no call explains
	// uncharged are prices of calls whose answer never came, and that the server said were
	// not charged: their payments may yet reach it.
	uncharged vouchers.Amount
}

// turnsAfterCollision is how many calls are made one at a time after a server that
// takes no more of them at once has said so. Then it is asked again.
const turnsAfterCollision = 256

// spending is why a ceiling that is not in flight is not free.
type spending uint8

const (
	certain  spending = iota + 1 // it has bought a call
	doubtful                     // it may have: the answer never came
)

// flight is a call in flight, with what was signed before the call began, how many
// losses and signings there were when it was signed, which process signed it, and whether
// there were others in flight.
type flight struct {
	price   vouchers.Amount
	before  vouchers.Amount
	losses  uint64
	signing uint64
	owner   uint64
	joined  bool
}

// newAccount is an account that is kept in memory alone.
func newAccount(balance, charged, signed vouchers.Amount) *account {
	return &account{forgets: true, figures: newFigures(balance, charged, signed)}
}

func newFigures(balance, charged, signed vouchers.Amount) figures {
	return figures{
		balance:  balance,
		most:     balance,
		charged:  charged,
		signed:   max(signed, charged),
		opened:   max(signed, charged),
		gone:     max(signed, charged),
		vouched:  max(signed, charged),
		seen:     charged,
		unsure:   true,
		inFlight: make(map[vouchers.Amount]flight),
		spent:    make(map[vouchers.Amount]spending),
	}
}

// lock makes sure that nobody else uses the account, in this process or another, and
// that it is up to date.
func (a *account) lock() {
	a.mu.Lock()
	if a.board != nil && a.broken == nil {
		a.broken = a.board.enter(&a.figures)
	}
}

// lockUntil is lock that waits for other processes until the context ends. On an error
// nothing is locked.
func (a *account) lockUntil(ctx context.Context) (waited error) {
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
func (a *account) unlock() {
	if a.board != nil && a.broken == nil {
		a.broken = a.board.leave(&a.figures)
	}
	a.mu.Unlock()
}

// look is unlock where nothing was changed.
func (a *account) look() {
	if a.board != nil && a.broken == nil {
		a.broken = a.board.exit()
	}
	a.mu.Unlock()
}

// need is what a call asks of its channel. It is the same one for all tries of the call.
type need struct {
	price   vouchers.Amount
	deposit vouchers.Amount  // comes with the call
	before  *vouchers.Amount // what was signed before the first try; nil until it is made
}

// reserve returns the ceiling to sign for a call of the given price. It waits while a
// correction is under way, and for its turn where calls are made one at a time. It
// fails with a [*BalanceError] when the channel cannot pay.
func (a *account) reserve(ctx context.Context, price vouchers.Amount) (vouchers.Amount, error) {
	return a.reserveFor(ctx, &need{price: price})
}

// reserveFor is reserve for a call that may bring a deposit with it, or was tried before.
func (a *account) reserveFor(ctx context.Context, n *need) (vouchers.Amount, error) {
	if err := a.lockReady(ctx); err != nil {
		return 0, err
	}
	defer a.unlock()
	if err := errors.Join(a.broken, a.uncounted); err != nil {
		return 0, err
	}
	balance := a.balance.Plus(n.deposit)
	sum, ok := a.committed().Add(n.price)
	ceiling := sum // alone, the strict form is taken also where it has bought a call before
	if a.turns == 0 || len(a.inFlight) > 0 {
		ceiling = a.free(sum)
	}
	if !ok || ceiling.Minus(a.offset) > balance {
		return 0, &BalanceError{Required: n.price, Remaining: balance.Minus(a.used()), Balance: balance}
	}
	if err := a.affords(ceiling, sum); err != nil {
		return 0, err
	}
	if n.before == nil {
		before := a.signed
		n.before = &before
	}
	a.signings++
	a.inFlight[ceiling] = flight{price: n.price, before: *n.before, losses: a.losses, signing: a.signings, owner: a.board.owner(), joined: a.flying > 0}
	a.flying += n.price
	a.signed = max(a.signed, ceiling)
	return ceiling, nil
}

// committed is what a further ceiling is signed over.
func (a *account) committed() vouchers.Amount { return a.charged.Plus(a.flying).Plus(a.doubt) }

// used is what further calls cannot spend.
func (a *account) used() vouchers.Amount { return a.committed().Minus(a.offset) }

// affords holds against the limits what the price that is held does not cover: what was
// conceded since, and by how much a ceiling had to be moved up.
func (a *account) affords(ceiling, sum vouchers.Amount) error {
	if a.tally == nil {
		return nil
	}
	if a.raised {
		if err := a.tally.fits(); err != nil {
			return err
		}
		a.raised = false
	}
	if most := max(a.signed, sum); ceiling > most {
		return a.tally.exceed(ceiling - most)
	}
	return nil
}

// lockReady locks the account at a moment at which a call may be signed.
func (a *account) lockReady(ctx context.Context) error {
	for {
		if err := a.lockUntil(ctx); err != nil {
			return err
		}
		for _, ceiling := range a.board.abandoned(&a.figures) {
			a.giveUp(ceiling)
		}
		if !a.draining && (a.turns == 0 || a.flying == 0) {
			return nil
		}
		if a.landed == nil {
			a.landed = make(chan struct{})
		}
		landed := a.landed
		a.await()
		a.unlock()
		select {
		case <-landed:
		case <-a.board.soon():
		case <-ctx.Done():
			return fmt.Errorf("waiting for the calls in flight of the same channel: %w", context.Cause(ctx))
		}
	}
}

// collides tells whether a refused call, which is still reserved, may have been refused
// because of others of its time, and the server knows of no charge that this account
// does not. Calls are made one at a time then.
func (a *account) collides(ceiling, charged vouchers.Amount) bool {
	a.lock()
	defer a.unlock()
	if a.unsure || !a.crowded(ceiling) || charged > a.committed() {
		return false
	}
	a.turns = turnsAfterCollision
	return true
}

func (a *account) free(ceiling vouchers.Amount) vouchers.Amount {
	for {
		_, flying := a.inFlight[ceiling]
		_, spent := a.spent[ceiling]
		if !flying && !spent {
			return ceiling
		}
		ceiling++
	}
}

// settle books the answer to a call: what it was charged, and the total that the
// server reports. It fails with [ErrDishonest] when that cannot be true.
func (a *account) settle(ceiling, charged, total vouchers.Amount) error {
	a.lock()
	defer a.unlock()
	a.heard = a.heard || a.inFlight[ceiling].losses == a.losses
	before := a.inFlight[ceiling].before
	price := a.land(ceiling)
	defer a.drain()
	if charged > price {
		return fmt.Errorf("%w: a call of %s was charged %s", ErrDishonest, price, charged)
	}
	a.charged += charged
	if a.broken != nil { // others may have changed what the total would be held against
		return nil
	}
	a.fresh = a.fresh.Plus(charged)
	a.turns -= min(a.turns, 1)
	if charged > 0 && ceiling > a.charged {
		a.spent[ceiling] = certain
	}
	most := a.highest()
	offset := max(before, a.seen).Plus(charged).Plus(a.flying.Plus(a.doubt))
	if can := max(most, min(offset, a.signed)); total > can {
		return fmt.Errorf("%w: it reports %s charged in total, at most %s can be; if the book was lost or is an old copy, `chit recover` asks the server for proof", ErrDishonest, total, can)
	}
	if total > most {
		a.countFrom(total)
		return nil
	}
	a.seen = max(a.seen, total)
	a.clearDoubt()
	if a.unsure && a.flying == 0 && a.doubt == 0 {
		a.rebase(max(a.charged, a.seen), 0)
		a.unsure = false
	}
	maps.DeleteFunc(a.spent, func(c vouchers.Amount, _ spending) bool { return c <= a.charged })
	return nil
}

func (a *account) land(ceiling vouchers.Amount) (price vouchers.Amount) {
	a.gone, a.vouched = max(a.gone, ceiling), max(a.vouched, ceiling)
	price = a.inFlight[ceiling].price
	delete(a.inFlight, ceiling)
	a.flying -= price
	a.waited()
	if a.landed != nil {
		close(a.landed)
		a.landed = nil
	}
	return price
}

// release takes back a reservation whose call was certainly not charged.
func (a *account) release(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.land(ceiling)
	a.drain()
}

// retract takes back a reservation whose voucher has provably not left this machine. It
// returns by how much less is signed then.
func (a *account) retract(ceiling vouchers.Amount) vouchers.Amount {
	a.lock()
	defer a.unlock()
	signed, gone, vouched := a.signed, a.gone, a.vouched
	a.land(ceiling)
	a.gone, a.signed, a.vouched = gone, gone, vouched
	for other := range a.inFlight {
		a.signed = max(a.signed, other)
	}
	a.drain()
	return signed.Minus(a.signed)
}

// lose moves a reservation whose call was not answered into doubt.
func (a *account) lose(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.giveUp(ceiling)
}

func (a *account) giveUp(ceiling vouchers.Amount) {
	price := a.land(ceiling)
	a.doubt, a.fresh = a.doubt.Plus(price), a.fresh.Plus(price)
	a.losses, a.heard = a.losses+1, false
	if ceiling > a.charged {
		a.spent[ceiling] = doubtful
	}
	a.drain()
}

// trouble is why the account cannot be shared any more, nil if it can.
func (a *account) trouble() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return errors.Join(a.broken, a.uncounted)
}

// vouch returns what is charged, the ceiling of a voucher that pays for nothing. What is
// charged by the word of the chain's nodes alone, which a recovery has taken over, may be a
// lie: a voucher that makes it true has to fit the limits.
func (a *account) vouch() (vouchers.Amount, error) {
	a.lock()
	defer a.unlock()
	if a.charged > a.vouched && a.tally != nil {
		if err := a.tally.fits(); err != nil {
			return 0, err
		}
	}
	a.vouched = max(a.vouched, a.charged)
	return a.charged, nil
}

// unvouched is the part of what is signed of which no voucher is known.
func (f *figures) unvouched() vouchers.Amount {
	most := f.vouched
	for ceiling := range f.inFlight {
		most = max(most, ceiling)
	}
	return f.signed.Minus(most)
}

// knownTotal is what is charged by what this process saw last.
func (a *account) knownTotal() vouchers.Amount {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.charged
}
