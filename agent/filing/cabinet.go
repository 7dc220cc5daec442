package filing

import (
	"fmt"
	"sync"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Cabinet files the receipts of a payer's channels.
type Cabinet struct {
	book    *book.Book       // nil keeps none
	signers []common.Address // who may sign receipts beside a channel's authorizer

	verifier receipts.Verifier

	mu      sync.Mutex // guards what follows
	unfiled []*receipts.Signed
	trails  map[vouchers.ChannelID]*Trail
}

// Open files into a book; nil holds receipts against those before them all the same. The
// signers may sign them beside a channel's receiver authorizer.
func Open(kept *book.Book, signers []common.Address) *Cabinet {
	return &Cabinet{book: kept, signers: signers, trails: make(map[vouchers.ChannelID]*Trail)}
}

// File holds a receipt against who signed it and the receipts before it, and keeps it for the
// book. One that does not fit is not filed. The error is why those before it cannot be read;
// the receipt is filed all the same.
func (c *Cabinet) File(r *receipts.Signed, authorizer common.Address) (filed bool, unread error) {
	digest, err := c.Attested(r, authorizer)
	if err != nil {
		return false, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	fits, unread := c.follow(r, digest)
	if unread == nil && !fits {
		return false, nil
	}
	if c.book != nil {
		c.unfiled = append(c.unfiled, r)
	}
	return true, unread
}

// Flush writes the receipts that the book does not have yet.
func (c *Cabinet) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unfiled) == 0 {
		return nil
	}
	if err := c.book.KeepReceipts(c.unfiled); err != nil {
		return err
	}
	c.unfiled = c.unfiled[:0]
	return nil
}

// Attested returns the digest of a receipt that a seller has signed, by the channel's
// receiver authorizer or a key that the payer's owner has named. Errors wrap
// [receipts.ErrSigner], [receipts.ErrFormat] or [vouchers.ErrSignature].
func (c *Cabinet) Attested(r *receipts.Signed, authorizer common.Address) (common.Hash, error) {
	if len(r.Resource) > receipts.MaxResource {
		return common.Hash{}, fmt.Errorf("%w: its resource has %d bytes, at most %d are taken", receipts.ErrFormat, len(r.Resource), receipts.MaxResource)
	}
	return c.verifier.Attested(r, authorizer, c.signers)
}

// follow adds a receipt to those of its channel, if it fits. The caller holds mu.
func (c *Cabinet) follow(r *receipts.Signed, digest common.Hash) (bool, error) {
	t := c.trails[r.Channel]
	if t == nil {
		t = &Trail{known: make(map[uint64][]link)}
		if c.book != nil && r.Sequence > 1 {
			before, err := linksIn(c.book, r.Channel, r.Sequence-1)
			if err != nil {
				return false, err
			}
			for _, l := range before {
				t.add(r.Sequence-1, l)
			}
		}
		c.trails[r.Channel] = t
	}
	if !t.fits(&r.Receipt, digest) {
		return false, nil
	}
	t.add(r.Sequence, link{digest, r.Previous, r.Cumulative})
	return true, nil
}
