package agent

import (
	"context"
	"errors"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
)

// heal holds what is in doubt in a channel against the receipts of it that the book has,
// which come to total from the first one on without a gap.
func (c *Client) heal(ctx context.Context, e book.Entry, total vouchers.Amount) error {
	all, err := c.book.Receipts(e.Channel)
	if err != nil {
		return err
	}
	c.learning.Lock()
	defer c.learning.Unlock()
	if ch := c.channels[e.Channel]; ch != nil {
		ch.Learn(all, total)
		return c.write(ch)
	}
	a, err := account.Open(ctx, account.Options{Folder: c.book.Folder(), Channel: e.Channel, Tally: c.purse.Tally(e.Channel)},
		func() (account.Record, error) { return e.Record, nil })
	if err != nil {
		return err
	}
	a.Learn(all, total)
	inDoubt := a.Record().OnItsWay
	_, err = c.book.Revise(e.Channel, func(e *book.Entry) { e.OnItsWay = min(e.OnItsWay, inDoubt) })
	return errors.Join(err, a.Trouble(), a.Close())
}
