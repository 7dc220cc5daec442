package pay

import (
	"context"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/extension"
)

// ReceiptPage asks a server for the receipts of a channel after a number, by the payer's order.
// The page after the last one is empty.
type ReceiptPage func(ctx context.Context, id vouchers.ChannelID, after uint64, order extension.PayerOrder) ([]*receipts.Signed, error)

// FetchReceipts gets the receipts from the server that the book lacks, page by page, and
// returns how many came. What they say that lost calls were charged is spent from then on, and
// not on its way. Errors wrap [account.ErrDishonest] where the server gives others than were
// asked for, some that it has not signed or that do not follow one another, or receipts for
// more than was ever signed; or [dial.ErrLimit] where there are more to get.
func (p *Payer) FetchReceipts(ctx context.Context, give ReceiptPage) (came int, err error) {
	if p.book == nil {
		return 0, fmt.Errorf("%w: Options names no Book that would keep them", policy.ErrTerms)
	}
	if err := p.save(); err != nil {
		return 0, err
	}
	entries, err := p.entries()
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		n, err := p.fetch(ctx, e, give)
		came += n
		if err != nil {
			return came, fmt.Errorf("fetch the receipts of channel %s: %w", e.Channel, err)
		}
	}
	return came, nil
}

// fetch gets those of one channel.
func (p *Payer) fetch(ctx context.Context, e book.Entry, give ReceiptPage) (came int, err error) {
	id := e.Channel
	have, err := p.book.Receipts(id)
	if err != nil {
		return 0, err
	}
	after, known, sum := uint64(0), map[uint64]bool{}, vouchers.Amount(0)
	for _, r := range have {
		known[r.Sequence] = true
		switch {
		case r.Sequence == after+1:
			after, sum = r.Sequence, sum+r.Charged
		case vouchers.BeginsEpoch(after, r.Sequence):
			after, sum = r.Sequence, r.Cumulative
		}
	}
	follows, err := p.receipts.After(id, after)
	if err != nil {
		return 0, err
	}
	for {
		order, err := p.signOrder(ctx, id, "receipts", "")
		if err != nil {
			return came, err
		}
		page, err := give(ctx, id, after, order)
		if err != nil {
			return came, err
		}
		if len(page) == 0 {
			return came, p.heal(ctx, e, sum)
		}
		if came+len(page) > p.Limits.Receipts {
			return came, dial.Over("Receipts", p.Limits.Receipts, "there are more; fetch again")
		}
		for _, r := range page {
			digest, err := p.receipts.Attested(r, e.Config.ReceiverAuthorizer)
			if err != nil {
				return came, fmt.Errorf("%w: receipt %d: %w", account.ErrDishonest, r.Sequence, err)
			}
			if sum, err = follows.Continues(r, digest, id, after, sum, max(e.Signed, e.Charged)); err != nil {
				return came, err
			}
			after = r.Sequence
			if !known[r.Sequence] {
				came++
			}
		}
		if err := p.book.KeepReceipts(page); err != nil {
			return came, err
		}
	}
}

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
