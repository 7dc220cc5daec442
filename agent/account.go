package agent

import (
	"fmt"
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
	mu       sync.Mutex // guards all fields below
	balance  vouchers.Amount
	charged  vouchers.Amount                     // sum of the charges of answered calls
	signed   vouchers.Amount                     // the highest ceiling ever signed
	floor    vouchers.Amount                     // no ceiling at or below it will be taken again
	seen     vouchers.Amount                     // the highest total that the server reported
	doubt    vouchers.Amount                     // prices of calls whose answer never came
	flying   vouchers.Amount                     // sum of inFlight
	inFlight map[vouchers.Amount]vouchers.Amount // ceiling to price
	spent    map[vouchers.Amount]struct{}        // charged ceilings above charged
}

func newAccount(balance, charged, signed vouchers.Amount) *account {
	return &account{
		balance:  balance,
		charged:  charged,
		signed:   max(signed, charged),
		seen:     charged,
		inFlight: make(map[vouchers.Amount]vouchers.Amount),
		spent:    make(map[vouchers.Amount]struct{}),
	}
}

// reserve returns the ceiling to sign for a call of the given price. It fails with
// [ErrBalance] when the channel cannot pay it.
func (a *account) reserve(price vouchers.Amount) (vouchers.Amount, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	committed := a.charged + a.flying + a.doubt
	ceiling, ok := committed.Add(price)
	if !ok || ceiling > a.balance {
		return 0, fmt.Errorf("%w: the call costs %s, %s of %s are left; deposit more with `chit deposit`",
			ErrBalance, price, left(a.balance, committed), a.balance)
	}
	ceiling = a.free(max(ceiling, a.floor+1))
	if ceiling > a.balance {
		return 0, fmt.Errorf("%w: the next free ceiling is %s, the balance is %s; deposit more with `chit deposit`", ErrBalance, ceiling, a.balance)
	}
	a.inFlight[ceiling] = price
	a.flying += price
	a.signed = max(a.signed, ceiling)
	return ceiling, nil
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
	a.mu.Lock()
	defer a.mu.Unlock()
	price := a.land(ceiling)
	if charged > price {
		return fmt.Errorf("%w: a call of %s was charged %s", ErrDishonest, price, charged)
	}
	a.charged += charged
	if charged > 0 && ceiling > a.charged {
		a.spent[ceiling] = struct{}{}
	}
	if most := a.charged + a.flying + a.doubt; total > most {
		return fmt.Errorf("%w: it reports %s charged in total, at most %s can be", ErrDishonest, total, most)
	}
	a.seen = max(a.seen, total)
	a.clearDoubt()
	for c := range a.spent {
		if c <= a.charged {
			delete(a.spent, c)
		}
	}
	return nil
}

// clearDoubt takes the server's total as the outcome of the calls whose answers
// never came, once nothing else is in flight.
func (a *account) clearDoubt() {
	if a.flying > 0 || a.doubt == 0 || a.seen < a.charged {
		return
	}
	a.charged, a.doubt = a.seen, 0
}

func (a *account) land(ceiling vouchers.Amount) (price vouchers.Amount) {
	price = a.inFlight[ceiling]
	delete(a.inFlight, ceiling)
	a.flying -= price
	return price
}

// release takes back a reservation whose call was certainly not charged.
func (a *account) release(ceiling vouchers.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.land(ceiling)
}

// lose moves a reservation whose call was not answered into doubt.
func (a *account) lose(ceiling vouchers.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.doubt += a.land(ceiling)
}

// correct takes over what the server proved with the payer's own signature: charged
// so much, under a voucher of that ceiling. It fails with [ErrDishonest] when more
// is charged than signed.
func (a *account) correct(charged, ceiling vouchers.Amount) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if charged > ceiling {
		return fmt.Errorf("%w: %s charged under a voucher of %s", ErrDishonest, charged, ceiling)
	}
	a.floor = max(a.floor, ceiling)
	a.signed = max(a.signed, ceiling)
	if a.flying == 0 {
		a.charged, a.seen, a.doubt = charged, charged, 0
		a.floor = charged // nothing is in flight: the strict form charged + price is open
	}
	return nil
}

// fund raises the balance to what the chain or the server reports.
func (a *account) fund(balance vouchers.Amount) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.balance = balance
}

// total is what was charged so far, the ceiling of a voucher that pays for nothing.
func (a *account) total() vouchers.Amount {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.charged
}
