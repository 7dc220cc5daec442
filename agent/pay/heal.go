package pay

import (
	"context"
	"errors"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
)

// heal holds what is in doubt in a channel against the receipts of it that the book has,
// which come to total from the first one on without a gap.
func (p *Payer) heal(ctx context.Context, e book.Entry, total vouchers.Amount) error {
	all, err := p.book.Receipts(e.Channel)
	if err != nil {
		return err
	}
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[e.Channel]; ch != nil {
		ch.Learn(all, total)
		return p.write(ch)
	}
	a, err := account.Open(ctx, account.Options{Folder: p.book.Folder(), Channel: e.Channel, Tally: p.purse.Tally(e.Channel)},
		func() (account.Record, error) { return e.Record, nil })
	if err != nil {
		return err
	}
	a.Learn(all, total)
	inDoubt := a.Record().OnItsWay
	_, err = p.book.Revise(e.Channel, func(e *book.Entry) { e.OnItsWay = min(e.OnItsWay, inDoubt) })
	return errors.Join(err, a.Trouble(), a.Close())
}
