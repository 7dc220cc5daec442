package pay

import (
	"context"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
	"github.com/chitpay/chit/x402/extension"
)

// receiptPage asks a server for the receipts of a channel after a number, by the payer's order.
// The page after the last one is empty.
type receiptPage func(ctx context.Context, id vouchers.ChannelID, after uint64, order extension.PayerOrder) ([]*receipts.Signed, error)

// FetchReceipts gets the receipts from the server that the book lacks, page by page, and
// returns how many came. What they say that lost calls were charged is spent from then on, and
// not on its way. Errors wrap [account.ErrDishonest] where the server gives others than were
// asked for, some that it has not signed or that do not follow one another, or receipts for
// more than was ever signed; or [dial.ErrLimit] where there are more to get.
func (p *Payer) FetchReceipts(ctx context.Context, give receiptPage) (came int, err error) {
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
func (p *Payer) fetch(ctx context.Context, e book.Entry, give receiptPage) (came int, err error) {
	id := e.Channel
	have, err := p.book.Receipts(id)
	if err != nil {
		return 0, err
	}
	after, known, sum := uint64(0), map[uint64]bool{}, vouchers.Amount(0)
	for _, r := range have {
		known[r.Sequence] = true
		if r.Sequence == after+1 {
			after++
			sum += r.Charged
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
			if err := follows.Continues(r, digest, id, after, sum, max(e.Signed, e.Charged)); err != nil {
				return came, err
			}
			after++
			sum += r.Charged
			if !known[r.Sequence] {
				came++
			}
		}
		if err := p.book.KeepReceipts(page); err != nil {
			return came, err
		}
	}
}
