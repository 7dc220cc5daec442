package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// The names under which sellers give signed receipts: in a result's _meta, in a header,
// and by a tool.
const (
	metaReceipt   = "chit/receipt"
	headerReceipt = "Chit-Receipt"
	receiptsTool  = "chit_receipts"
)

// file holds a seller's receipt against what was charged, who signed it and the receipts
// before it, and keeps it for the book. One that says something else is as good as none:
// the call was paid for, and its answer is the payer's.
func (p *payer) file(ch *channel, charged vouchers.Amount, r *receipts.Signed) (filed bool) {
	if r == nil || r.Channel != ch.id || r.Charged != charged || r.Network != ch.contract.Deployment().Network() || r.Escrow != ch.contract.Deployment().Escrow {
		return false
	}
	digest, err := p.attested(r, ch.config.ReceiverAuthorizer)
	if err != nil {
		return false
	}
	p.filing.Lock()
	defer p.filing.Unlock()
	fits, err := p.follow(r, digest)
	if err != nil { // what came before it cannot be read
		p.owe(err)
	} else if !fits {
		return false
	}
	if p.book != nil {
		p.unfiled = append(p.unfiled, r)
	}
	return true
}

// fileAll writes the receipts that the book does not have yet.
func (p *payer) fileAll() error {
	p.filing.Lock()
	defer p.filing.Unlock()
	if len(p.unfiled) == 0 {
		return nil
	}
	if err := p.book.KeepReceipts(p.unfiled); err != nil {
		return err
	}
	p.unfiled = p.unfiled[:0]
	return nil
}

// FetchReceipts gets the receipts from the server that the book lacks: of answers that
// were lost, and of calls that others made on credit tokens. It returns how many came. What
// they say that lost calls were charged is spent from then on, and not on its way.
// The client needs a book. Errors wrap [ErrDishonest] where the server gives others than
// were asked for, some that it has not signed or that do not follow one another, or
// receipts for more than was ever signed; or [ErrLimit] where there are more to get.
func (c *Client) FetchReceipts(ctx context.Context) (came int, err error) {
	if c.book == nil {
		return 0, fmt.Errorf("%w: Options names no Book that would keep them", policy.ErrTerms)
	}
	if err := c.save(); err != nil {
		return 0, err
	}
	entries, err := c.entries()
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		n, err := c.fetchReceipts(ctx, e)
		came += n
		if err != nil {
			return came, fmt.Errorf("fetch the receipts of channel %s: %w", e.Channel, err)
		}
	}
	return came, nil
}

func (c *Client) fetchReceipts(ctx context.Context, e book.Entry) (came int, err error) {
	id := e.Channel
	have, err := c.book.Receipts(id)
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
	before, err := linksIn(c.book, id, after)
	if err != nil {
		return 0, err
	}
	follows := &trail{known: map[uint64][]link{after: before}}
	for {
		page, err := c.receiptPage(ctx, id, after)
		if err != nil {
			return came, err
		}
		if len(page) == 0 {
			return came, c.heal(ctx, e, sum)
		}
		if came+len(page) > c.limits.Receipts {
			return came, dial.Over("Receipts", c.limits.Receipts, "there are more; fetch again")
		}
		for _, r := range page {
			digest, err := c.attested(r, e.Config.ReceiverAuthorizer)
			if err != nil {
				return came, fmt.Errorf("%w: receipt %d: %w", account.ErrDishonest, r.Sequence, err)
			}
			if r.Channel != id || r.Sequence != after+1 {
				return came, fmt.Errorf("%w: it gives receipt %d of channel %s where %d of channel %s was asked for", account.ErrDishonest, r.Sequence, r.Channel, after+1, id)
			}
			if !follows.fits(&r.Receipt, digest) {
				return came, fmt.Errorf("%w: receipt %d does not follow receipt %d", account.ErrDishonest, r.Sequence, after)
			}
			after++
			follows.add(after, link{digest, r.Previous, r.Cumulative})
			most := max(e.Signed, e.Charged)
			if r.Charged == 0 || r.Charged > most.Minus(sum) {
				return came, fmt.Errorf("%w: receipt %d of %s after %s, and no more than %s was ever signed", account.ErrDishonest, r.Sequence, r.Charged, sum, most)
			}
			sum += r.Charged
			if !known[r.Sequence] {
				came++
			}
		}
		if err := c.book.KeepReceipts(page); err != nil {
			return came, err
		}
	}
}

// receiptPage asks for the next receipts of a channel.
func (c *Client) receiptPage(ctx context.Context, id vouchers.ChannelID, after uint64) ([]*receipts.Signed, error) {
	order, err := c.signOrder(ctx, id, "receipts", "")
	if err != nil {
		return nil, err
	}
	result, err := c.mcp.CallTool(ctx, request(receiptsTool, map[string]any{
		"channel": id, "after": after, "deadline": order.Deadline, "signature": order.Signature.Hex(),
	}))
	if err != nil {
		return nil, err
	}
	if result.IsError {
		return nil, fmt.Errorf("the server answers: %s", textOf(result))
	}
	var page struct {
		Receipts []json.RawMessage `json:"receipts"`
	}
	if err := json.Unmarshal(result.RawStructuredContent, &page); err != nil {
		return nil, errors.Join(policy.ErrTerms, err)
	}
	all := make([]*receipts.Signed, len(page.Receipts))
	for i, raw := range page.Receipts {
		if all[i], err = receipts.Parse(raw); err != nil {
			return nil, errors.Join(policy.ErrTerms, err)
		}
	}
	return all, nil
}
