package account

import (
	"fmt"
	"maps"

	"github.com/chitpay/chit/vouchers"
)

// Settle books the answer to a call: what it was charged, and the total that the
// server reports. It fails with [ErrDishonest] when that cannot be true.
func (a *Account) Settle(ceiling, charged, total vouchers.Amount) error {
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

func (a *Account) land(ceiling vouchers.Amount) (price vouchers.Amount) {
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

// Release takes back a reservation whose call was certainly not charged.
func (a *Account) Release(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.land(ceiling)
	a.drain()
}

// Retract takes back a reservation whose voucher has provably not left this machine. It
// returns by how much less is signed then.
func (a *Account) Retract(ceiling vouchers.Amount) vouchers.Amount {
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

// Lose moves a reservation whose call was not answered into doubt.
func (a *Account) Lose(ceiling vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.giveUp(ceiling)
}

func (a *Account) giveUp(ceiling vouchers.Amount) {
	price := a.land(ceiling)
	a.doubt, a.fresh = a.doubt.Plus(price), a.fresh.Plus(price)
	a.losses, a.heard = a.losses+1, false
	if ceiling > a.charged {
		a.spent[ceiling] = doubtful
	}
	a.drain()
}

// Vouch returns what is charged, the ceiling of a voucher that pays for nothing. What is
// charged by the word of the chain's nodes alone, which a recovery has taken over, may be a
// lie: a voucher that makes it true has to fit the limits.
func (a *Account) Vouch() (vouchers.Amount, error) {
	a.lock()
	defer a.unlock()
	if a.charged > a.vouched && a.tally != nil {
		if err := a.tally.Fits(); err != nil {
			return 0, err
		}
	}
	a.vouched = max(a.vouched, a.charged)
	return a.charged, nil
}

// Total is what is charged by what this process saw last.
func (a *Account) Total() vouchers.Amount {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.charged
}
