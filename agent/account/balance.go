package account

import (
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// muchBehind is how many blocks a node may be behind another one. Of one that seems to be
// more than that behind, the other has lied.
const muchBehind = 256

// Observe takes over the balance that the chain has at a block, unless a later one is known:
// nodes behind one URL may be some blocks apart.
func (a *Account) Observe(balance vouchers.Amount, block uint64) {
	a.lock()
	defer a.unlock()
	if block < a.block && a.block-block <= muchBehind {
		return
	}
	a.balance, a.most, a.block = balance, max(a.most, balance), block
}

// Trust takes a balance as it is after the payer itself has moved money.
func (a *Account) Trust(balance vouchers.Amount) {
	a.lock()
	defer a.unlock()
	a.balance, a.most = balance, balance
}

// Empties fails where the channel lacks money for so much that the book says is in it, or
// holds less than the book says: no number of a node, nor any two by turns, make a client
// deposit again by itself what it has deposited.
func (a *Account) Empties(need vouchers.Amount) error {
	a.lock()
	defer a.look()
	if a.balance >= a.most && a.used().Plus(need).Minus(a.most) > 0 {
		return nil
	}
	return fmt.Errorf("%w: the chain's node says that the channel holds %s, the book knows of %s; if money was taken out, deposit by hand: `chit deposit AMOUNT`",
		ErrBalance, a.balance, a.most)
}

// Spendable is what further calls can spend.
func (a *Account) Spendable() vouchers.Amount {
	a.lock()
	defer a.look()
	return a.balance.Minus(a.used())
}

// Lacks is what has to be deposited so that a call of the given price can be paid and
// keeps at least so much after it; 0 if nothing has.
func (a *Account) Lacks(price, keep vouchers.Amount) vouchers.Amount {
	a.lock()
	defer a.look()
	return a.used().Plus(price).Plus(keep).Minus(a.balance)
}

// Known is the most that the channel was seen to hold since this payer moved money itself.
func (a *Account) Known() vouchers.Amount {
	a.lock()
	defer a.look()
	return max(a.balance, a.most)
}

// Balance is what the channel holds, by the chain or by this payer's own moves.
func (a *Account) Balance() vouchers.Amount {
	a.lock()
	defer a.look()
	return a.balance
}
