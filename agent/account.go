package agent

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/chitpay/chit/vouchers"
)

// account is the payer's own book of one channel. Ceilings are signed over what is
// charged and what is in flight, so that calls may run at once and arrive in any
// order:
//
//	ceiling = charged + in flight + in doubt + price
//
// moved up where that number already pays another call, because a ceiling pays for
// one call.
type account struct {
	mu     sync.Mutex    // guards all fields below
	board  *board        // where other processes see this account; nil if there are none
	broken error         // why the account cannot be shared any more; no call is signed then
	landed chan struct{} // while a call of this process waits: closed when one lands
	figures
}

// figures are an account's numbers. All processes that pay from a channel have the same.
type figures struct {
	balance  vouchers.Amount
	charged  vouchers.Amount              // sum of the charges of answered calls
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

// flight is a call in flight, with how many losses and signings there were when it was
// signed, which process signed it, and whether there were others in flight.
type flight struct {
	price   vouchers.Amount
	losses  uint64
	signing uint64
	owner   uint64
	joined  bool
}

func newAccount(balance, charged, signed vouchers.Amount) *account {
	return &account{figures: newFigures(balance, charged, signed)}
}

func newFigures(balance, charged, signed vouchers.Amount) figures {
	return figures{
		balance:  balance,
		charged:  charged,
		signed:   max(signed, charged),
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

// reserve returns the ceiling to sign for a call of the given price. It waits while a
// correction is under way, and for its turn where calls are made one at a time. It
// fails with a [*BalanceError] when the channel cannot pay.
func (a *account) reserve(ctx context.Context, price vouchers.Amount) (vouchers.Amount, error) {
	return a.reserveWith(ctx, price, 0)
}

// reserveWith is reserve for a call that brings a deposit with it.
func (a *account) reserveWith(ctx context.Context, price, deposit vouchers.Amount) (vouchers.Amount, error) {
	if err := a.lockReady(ctx); err != nil {
		return 0, err
	}
	defer a.unlock()
	if a.broken != nil {
		return 0, a.broken
	}
	committed := a.charged + a.flying + a.doubt
	balance := plus(a.balance, deposit)
	ceiling, ok := committed.Add(price)
	if ok {
		ceiling = a.free(ceiling)
	}
	if !ok || ceiling > balance {
		return 0, &BalanceError{Required: price, Remaining: left(balance, committed), Balance: balance}
	}
	a.signings++
	a.inFlight[ceiling] = flight{price: price, losses: a.losses, signing: a.signings, owner: a.board.owner(), joined: a.flying > 0}
	a.flying += price
	a.signed = max(a.signed, ceiling)
	return ceiling, nil
}

// lockReady locks the account at a moment at which a call may be signed.
func (a *account) lockReady(ctx context.Context) error {
	for {
		a.lock()
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
	f := a.inFlight[ceiling]
	crowded := f.joined || a.signings > f.signing
	if a.unsure || !crowded || charged > a.charged+a.flying+a.doubt {
		return false
	}
	a.turns = turnsAfterCollision
	return true
}

// spendable is what further calls can spend.
func (a *account) spendable() vouchers.Amount {
	a.lock()
	defer a.look()
	return left(a.balance, a.charged+a.flying+a.doubt)
}

func left(balance, committed vouchers.Amount) vouchers.Amount {
	if committed > balance {
		return 0
	}
	return balance - committed
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
	price := a.land(ceiling)
	defer a.drain()
	if charged > price {
		return fmt.Errorf("%w: a call of %s was charged %s", ErrDishonest, price, charged)
	}
	a.charged += charged
	a.turns -= min(a.turns, 1)
	if charged > 0 && ceiling > a.charged {
		a.spent[ceiling] = certain
	}
	most := a.charged + a.flying + a.doubt
	if a.draining || a.unsure { // there may be more than this account knew, all of it under a signed ceiling
		most = max(most, a.signed)
	}
	if total > most {
		return fmt.Errorf("%w: it reports %s charged in total, at most %s can be; if the book was lost or is an old copy, `chit recover` asks the server for proof", ErrDishonest, total, most)
	}
	a.seen = max(a.seen, total)
	a.clearDoubt()
	if a.unsure && a.flying == 0 && a.doubt == 0 {
		a.charged, a.unsure = max(a.charged, a.seen), false
	}
	maps.DeleteFunc(a.spent, func(c vouchers.Amount, _ spending) bool { return c <= a.charged })
	return nil
}

// clearDoubt takes the server's total as the outcome of the calls whose answers never
// came, once nothing else is in flight. A total that may be older than their outcome
// does not tell.
func (a *account) clearDoubt() {
	if a.flying > 0 || a.doubt == 0 || !a.heard || a.seen < a.charged {
		return
	}
	a.charged, a.doubt = a.seen, 0
}

func (a *account) land(ceiling vouchers.Amount) (price vouchers.Amount) {
	price = a.inFlight[ceiling].price
	delete(a.inFlight, ceiling)
	a.flying -= price
	if a.landed != nil {
		close(a.landed)
		a.landed = nil
	}
	return price
}

// drain applies a correction that has waited for the calls in flight, after the last.
func (a *account) drain() {
	if a.draining && a.flying == 0 {
		a.adopt(a.seen)
		a.draining = false
	}
}

// adopt takes charged as the truth. Nothing is in flight: the strict form, charged
// and the price, is open to the next call.
func (a *account) adopt(charged vouchers.Amount) {
	a.charged, a.seen, a.unsure = charged, charged, false
	maps.DeleteFunc(a.spent, func(c vouchers.Amount, _ spending) bool { return c <= charged })
}

// release takes back a reservation whose call was certainly not charged.
func (a *account) release(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.land(ceiling)
	a.drain()
}

// lose moves a reservation whose call was not answered into doubt.
func (a *account) lose(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.giveUp(ceiling)
}

func (a *account) giveUp(ceiling vouchers.Amount) {
	a.doubt += a.land(ceiling)
	a.losses, a.heard = a.losses+1, false
	if ceiling > a.charged {
		a.spent[ceiling] = doubtful
	}
	a.drain()
}

// correct takes back the reservation that was refused, if there is one (0 is none), and
// takes over what the server proved with the payer's own signature: charged so much,
// under a voucher of that ceiling. With calls in flight, of which charged may include
// some, it is applied once the last of them has landed, and no call is signed before.
// It fails with [ErrDishonest] when more is charged than signed.
func (a *account) correct(refused, charged, ceiling vouchers.Amount) error {
	a.lock()
	defer a.unlock()
	a.land(refused)
	defer a.drain()
	if charged > ceiling {
		return fmt.Errorf("%w: %s charged under a voucher of %s", ErrDishonest, charged, ceiling)
	}
	a.signed = max(a.signed, ceiling)
	if a.flying == 0 && !a.draining {
		a.adopt(charged)
		a.doubt = 0
		maps.DeleteFunc(a.spent, func(_ vouchers.Amount, why spending) bool { return why == doubtful })
		return nil
	}
	a.seen = max(a.seen, charged) // and what the calls in flight will report
	a.draining = true
	return nil
}

// restart takes over what the chain says, in place of all that was known.
func (a *account) restart(balance, claimed vouchers.Amount) {
	a.lock()
	defer a.unlock()
	fresh := newFigures(balance, claimed, claimed)
	fresh.inFlight, fresh.flying, fresh.signings = a.inFlight, a.flying, a.signings // other processes' calls
	a.figures = fresh
}

// fund raises the balance to what the chain or the server reports.
func (a *account) fund(balance vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.balance = balance
}

// total is what was charged so far, the ceiling of a voucher that pays for nothing.
func (a *account) total() vouchers.Amount {
	a.lock()
	defer a.look()
	return a.charged
}

// lacks is what has to be deposited so that a call of the given price can be paid and
// keeps at least so much after it; 0 if nothing has.
func (a *account) lacks(price, keep vouchers.Amount) vouchers.Amount {
	a.lock()
	defer a.look()
	return left(plus(plus(a.charged+a.flying+a.doubt, price), keep), a.balance)
}

// funds is the balance.
func (a *account) funds() vouchers.Amount {
	a.lock()
	defer a.look()
	return a.balance
}
