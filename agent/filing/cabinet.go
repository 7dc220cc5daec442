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

// Filed is what became of a receipt.
type Filed struct {
	// Fits says that it is filed.
	Fits bool
	// Opened is set where it is the first of an epoch that this payer sees.
	Opened *Opening
}

// Opening is that a seller has opened its books anew, as one does whose store was restored from
// a backup: its receipts are numbered in another epoch. Amounts are atomic units.
type Opening struct {
	// Epoch is that of the receipts.
	Epoch uint64 `json:"epoch"`
	// Before is what the seller says was charged before this receipt, and Proven what the receipts
	// prove that this payer has of the epochs before.
	Before vouchers.Amount `json:"before"`
	Proven vouchers.Amount `json:"proven"`
}

// File holds a receipt against who signed it and the receipts before it, and keeps it for the
// book. One that does not fit is not filed. The error is why those before it cannot be read;
// the receipt is filed all the same.
func (c *Cabinet) File(r *receipts.Signed, authorizer common.Address) (f Filed, unread error) {
	digest, err := c.Attested(r, authorizer)
	if err != nil {
		return Filed{}, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t, unread := c.trailOf(r.Channel)
	if unread == nil {
		unread = c.remember(t, r)
	}
	if unread == nil && !t.fits(&r.Receipt, digest) {
		return Filed{}, nil
	}
	if unread == nil {
		t.add(r.Sequence, link{digest, r.Previous, r.Cumulative})
	}
	if c.book != nil {
		c.unfiled = append(c.unfiled, r)
	}
	return Filed{true, t.proves(r)}, unread
}

// Proof is the receipt of a channel that proves most charged to a seller whose books are of an
// epoch (0 if it has not said): the best of those before, which such a seller may have forgotten,
// or of all if there is none. It is nil if there is no receipt.
func (c *Cabinet) Proof(id vouchers.ChannelID, epoch uint64) (*receipts.Signed, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, err := c.trailOf(id)
	if err != nil || c.book == nil {
		return t.proof, err
	}
	if epoch > 0 {
		if kept, err := c.proofBefore(t, id, epoch); kept != nil || err != nil {
			return kept, err
		}
	}
	kept, _, err := c.book.Proof(id, 0) // other processes have filed some
	if kept != nil && (t.proof == nil || kept.Cumulative > t.proof.Cumulative) {
		t.proof = kept
	}
	return t.proof, err
}

// proofBefore is the proof of the epochs before one, nil if there is none. The caller holds mu.
func (c *Cabinet) proofBefore(t *Trail, id vouchers.ChannelID, epoch uint64) (*receipts.Signed, error) {
	kept, _, err := c.book.Proof(id, epoch)
	if t.proof == nil {
		return kept, err
	}
	if of, _ := vouchers.EpochOf(t.proof.Sequence); of < epoch && (kept == nil || t.proof.Cumulative > kept.Cumulative) {
		kept = t.proof // the book does not have it yet
	}
	return kept, err
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

// trailOf is what is known of a channel's receipts. The caller holds mu.
func (c *Cabinet) trailOf(id vouchers.ChannelID) (*Trail, error) {
	if t := c.trails[id]; t != nil {
		return t, nil
	}
	t := &Trail{known: make(map[uint64][]link)}
	if c.book != nil {
		var err error
		if t.proof, t.epoch, err = c.book.Proof(id, 0); err != nil {
			return t, err
		}
	}
	c.trails[id] = t
	return t, nil
}

// remember has a trail that knows nothing yet know what the book has of the receipt before this
// one. The caller holds mu.
func (c *Cabinet) remember(t *Trail, r *receipts.Signed) error {
	if c.book == nil || len(t.order) > 0 || r.Sequence <= 1 {
		return nil
	}
	before, err := linksIn(c.book, r.Channel, r.Sequence-1)
	for _, l := range before {
		t.add(r.Sequence-1, l)
	}
	return err
}

// proves notes what a receipt proves, and returns what it opens, nil if that is nothing new.
func (t *Trail) proves(r *receipts.Signed) (opened *Opening) {
	epoch, _ := vouchers.EpochOf(r.Sequence)
	if epoch > t.epoch {
		opened = &Opening{Epoch: epoch, Before: r.Cumulative.Minus(r.Charged)}
		if t.proof != nil {
			opened.Proven = t.proof.Cumulative
		}
		t.epoch = epoch
	}
	if t.proof == nil || r.Cumulative > t.proof.Cumulative {
		t.proof = r
	}
	return opened
}
