package receipts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Bucket is the bucket of receipts of payers' books, and of stores of version 1.
const Bucket = "receipts"

// Signer signs 32 bytes as they are: keys.Signer of chain/keys has it.
type Signer interface {
	Address() common.Address
	SignHash(ctx context.Context, hash common.Hash) ([]byte, error)
}

// Book is the seller's receipts in the history of its store. It is safe for concurrent use.
type Book struct {
	history vouchers.History
	epoch   uint64
	proofs  *Proofs // of what is issued
	past    *Proofs // of what is given again

	mu         sync.Mutex // guards what follows
	heads      map[vouchers.ChannelID]head
	separators map[vouchers.Deployment]common.Hash
}

// head is the last receipt of a channel.
type head struct {
	sequence uint64
	digest   common.Hash
}

// Open opens the book in a store. Its history is attested by signer, which should be the
// receiver authorizer of the channels; by nobody if that is nil, for a book that is only read.
func Open(store vouchers.Store, signer Signer) (*Book, error) {
	epoch, err := vouchers.Epoch(store)
	if err != nil {
		return nil, err
	}
	b := &Book{
		history: store.History(), epoch: epoch, proofs: new(Proofs), past: new(Proofs),
		heads: map[vouchers.ChannelID]head{}, separators: map[vouchers.Deployment]common.Hash{},
	}
	if signer != nil {
		store.Attest(b.proofs.Attests(signer))
	}
	return b, nil
}

// Draft is a receipt that nobody has signed yet.
type Draft struct {
	// Receipt is what it says.
	Receipt
	// Entry is to be made durable with the charge (see [ledger.Kept]).
	Entry  *vouchers.Entry
	proofs *Proofs
}

// Draft numbers and chains the receipt of a charge. r says what was sold; what the charge says
// is filled in. It is to be called from the answer to the charge (see
// [ledger.Reservation.Commit]), and followed by [Book.Issue] if that succeeds.
func (b *Book) Draft(c *ledger.Charge, r Receipt) (*Draft, error) {
	d := c.State.Deployment
	last, err := b.last(c.Channel)
	if err != nil {
		return nil, err
	}
	r.Network, r.Escrow, r.Channel = d.Network(), d.Escrow, c.Channel
	r.Sequence, r.Previous = vouchers.NextNumber(last.sequence, b.epoch), last.digest
	r.Charged, r.Cumulative = c.Charged, c.Cumulative
	r.Resource = Cut(r.Resource)
	entry, err := r.entry(r.digest(b.separator(d)), d.ChainID, nil)
	if err != nil {
		return nil, err
	}
	return &Draft{r, entry, b.proofs}, nil
}

// Issue makes a draft the last receipt of its channel.
func (b *Book) Issue(d *Draft) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heads[d.Channel] = head{d.Sequence, d.Entry.Digest}
}

// Signed is the receipt, once its charge is durable. The error wraps [ErrFormat].
func (d *Draft) Signed() (*Signed, error) {
	s := &Signed{Receipt: d.Receipt}
	if err := d.proofs.prove(s, d.Entry.Batch, d.Entry.Leaf, d.Entry.Digest); err != nil {
		return nil, err
	}
	return s, nil
}

// Cut makes the name of what is sold what a receipt has of it: valid UTF-8 of at most
// [MaxResource] bytes.
func Cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= MaxResource {
		return text
	}
	end := MaxResource
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// separator is that of a deployment.
func (b *Book) separator(d vouchers.Deployment) common.Hash {
	b.mu.Lock()
	defer b.mu.Unlock()
	under, known := b.separators[d]
	if !known {
		under = separator(d)
		b.separators[d] = under
	}
	return under
}

// last returns the last receipt of a channel. No receipt of the channel is on its way to the
// store when it is read from there.
func (b *Book) last(id vouchers.ChannelID) (head, error) {
	b.mu.Lock()
	last, known := b.heads[id]
	b.mu.Unlock()
	if known {
		return last, nil
	}
	kept, err := b.history.Head(id)
	if err != nil {
		return head{}, fmt.Errorf("read the last receipt of channel %s: %w", id, err)
	}
	return head{kept.Number, kept.Digest}, nil
}

// Walk visits the receipts of a channel with numbers above after, in order. An error of visit
// ends it and is returned.
func (b *Book) Walk(ctx context.Context, id vouchers.ChannelID, after uint64, visit func(*Signed) error) error {
	return b.walk(ctx, new(Proofs), id, after, visit)
}

func (b *Book) walk(ctx context.Context, proofs *Proofs, id vouchers.ChannelID, after uint64, visit func(*Signed) error) error {
	return b.history.Walk(ctx, id, after, func(l *vouchers.Line) error {
		s, err := proofs.FromLine(l)
		if err != nil {
			return err
		}
		return visit(s)
	})
}

// errEnough ends a walk.
var errEnough = errors.New("enough")

// MaxPage is how many receipts a page has at most.
const MaxPage = 256

// Page returns the first receipts of a channel with numbers above after, in order: at most
// [MaxPage], and none after the last one.
func (b *Book) Page(ctx context.Context, id vouchers.ChannelID, after uint64) ([]Signed, error) {
	page := []Signed{}
	err := b.Walk(ctx, id, after, func(s *Signed) error {
		if page = append(page, *s); len(page) == MaxPage {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read the receipts of channel %s: %w", id, err)
	}
	return page, nil
}

// Get returns the receipt of a channel with a number above 0, nil if the history does not keep
// it any more.
func (b *Book) Get(ctx context.Context, id vouchers.ChannelID, number uint64) (found *Signed, err error) {
	err = b.walk(ctx, b.past, id, number-1, func(s *Signed) error {
		if s.Sequence == number {
			found = s
		}
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read receipt %d of channel %s: %w", number, id, err)
	}
	return found, nil
}
