package agent

import (
	"context"
	"errors"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// heal holds what is in doubt in a channel against the receipts of it that the book has,
// which come to total from the first one on without a gap.
func (c *Client) heal(ctx context.Context, e Entry, total vouchers.Amount) error {
	all, err := c.book.Receipts(e.Channel)
	if err != nil {
		return err
	}
	c.learning.Lock()
	defer c.learning.Unlock()
	if ch := c.channels[e.Channel]; ch != nil {
		ch.learn(all, total)
		return c.write(ch)
	}
	a := &account{tally: channelTally{c.purse, e.Channel}}
	fresh := func() (figures, error) { return e.figures(), nil }
	if a.board, err = openBoard(ctx, c.book.path, e.Channel, &a.figures, fresh); err != nil {
		return err
	}
	a.learn(all, total)
	_, err = c.book.revise(e.Channel, func(e *Entry) { e.OnItsWay = min(e.OnItsWay, a.doubt) })
	return errors.Join(err, a.trouble(), a.board.close())
}

// learn counts as charged, of what is in doubt, what receipts say of the calls whose answers
// were lost, by their ceilings: no more than all receipts come to beyond the calls that are
// known to be charged. It gives nothing back, since a payment may still arrive: what was not
// charged is told by the answer to a later call.
func (a *account) learn(all []receipts.Signed, total vouchers.Amount) {
	a.lock()
	defer a.unlock()
	for i := range all {
		if a.spent[all[i].Ceiling] != doubtful || a.broken != nil {
			continue
		}
		charged := min(all[i].Charged, a.doubt, total.Minus(a.explained()))
		if charged == 0 {
			continue
		}
		a.charged, a.doubt = a.charged+charged, a.doubt-charged
		a.spent[all[i].Ceiling] = certain
		if a.tally != nil {
			a.tally.resolve(charged, 0)
		}
	}
}
