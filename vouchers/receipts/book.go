package receipts

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/ledger"
)

// Bucket is the store's bucket of receipts.
const Bucket = "receipts"

// Signer signs 32 bytes as they are: keys.Signer of chain/keys has it.
type Signer interface {
	Address() common.Address
	SignHash(ctx context.Context, hash common.Hash) ([]byte, error)
}

// Book is the seller's receipts in its store. It is safe for concurrent use.
type Book struct {
	store  vouchers.Store
	bucket vouchers.Bucket
	signer Signer

	mu         sync.Mutex // guards what follows
	epoch      *uint64    // of the store, nil until it is read
	heads      map[vouchers.ChannelID]head
	separators map[vouchers.Deployment]common.Hash
}

// head is the last receipt of a channel.
type head struct {
	sequence uint64
	digest   common.Hash
}

// NewBook returns the book in a store. What it issues is signed by signer, which
// should be the receiver authorizer of the channels.
func NewBook(store vouchers.Store, signer Signer) *Book {
	return &Book{
		store: store, bucket: store.Bucket(Bucket), signer: signer,
		heads: map[vouchers.ChannelID]head{}, separators: map[vouchers.Deployment]common.Hash{},
	}
}

// Draft is a receipt that is not issued yet.
type Draft struct {
	*Signed
	// Put keeps it; it is to be made with its charge.
	Put    vouchers.Put
	digest common.Hash
}

// Draft numbers, chains and signs the receipt of a charge. r says what was sold; what
// the charge says is filled in. It is to be called from the answer to the charge (see
// [ledger.Reservation.Commit]), and followed by [Book.Issue] if that succeeds.
func (b *Book) Draft(ctx context.Context, c *ledger.Charge, r Receipt) (*Draft, error) {
	d := c.State.Deployment
	last, under, err := b.last(d, c.Channel)
	if err != nil {
		return nil, err
	}
	r.Network, r.Escrow, r.Channel = d.Network(), d.Escrow, c.Channel
	r.Sequence, r.Previous = vouchers.NextNumber(last.sequence, *b.epoch), last.digest
	r.Charged, r.Cumulative = c.Charged, c.Cumulative
	r.Resource = Cut(r.Resource)
	digest := r.digest(under)
	signature, err := b.signer.SignHash(ctx, digest)
	if err != nil {
		return nil, fmt.Errorf("sign receipt %d of channel %s: %w", r.Sequence, r.Channel, err)
	}
	signed := &Signed{Receipt: r, Signature: signature}
	return &Draft{signed, vouchers.Put{Bucket: Bucket, Key: signed.key(), Value: signed.value(d.ChainID)}, digest}, nil
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

// Issue makes a draft the last receipt of its channel.
func (b *Book) Issue(d *Draft) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heads[d.Channel] = head{d.Sequence, d.digest}
}

// last returns the last receipt of a channel, and the separator of its deployment. No
// receipt of the channel is on its way to the store when it is read from there.
func (b *Book) last(d vouchers.Deployment, id vouchers.ChannelID) (head, common.Hash, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch == nil {
		epoch, err := vouchers.Epoch(b.store)
		if err != nil {
			return head{}, common.Hash{}, err
		}
		b.epoch = &epoch
	}
	under, known := b.separators[d]
	if !known {
		under = separator(d)
		b.separators[d] = under
	}
	if last, known := b.heads[id]; known {
		return last, under, nil
	}
	key, value, err := b.bucket.Last(id[:])
	if err != nil {
		return head{}, under, fmt.Errorf("read the last receipt of channel %s: %w", id, err)
	}
	var last head
	if key != nil {
		s, err := FromRecord(key, value)
		if err != nil {
			return head{}, under, fmt.Errorf("read the last receipt of channel %s: %w", id, err)
		}
		last = head{s.Sequence, s.digest(under)}
	}
	b.heads[id] = last
	return last, under, nil
}

// Walk visits the receipts of a channel, or of all where id is the zero id, by channel
// and number. An error of visit ends it and is returned.
func (b *Book) Walk(id vouchers.ChannelID, visit func(*Signed) error) error {
	var prefix []byte
	if id != (vouchers.ChannelID{}) {
		prefix = id[:]
	}
	return b.walk(prefix, visit)
}

func (b *Book) walk(prefix []byte, visit func(*Signed) error) error {
	return b.bucket.ForEach(prefix, func(key, value []byte) error {
		s, err := FromRecord(key, value)
		if err != nil {
			return err
		}
		return visit(s)
	})
}

// MaxPage is how many receipts a page has at most.
const MaxPage = 256

// Page returns receipts of a channel with numbers above after, in order: at least one
// if there is any, and at most [MaxPage].
func (b *Book) Page(id vouchers.ChannelID, after uint64) ([]Signed, error) {
	page := []Signed{}
	if after == math.MaxUint64 {
		return page, nil
	}
	// The numbers of a page share all bytes but the last.
	for first := (after + 1) &^ (MaxPage - 1); len(page) == 0; first += MaxPage {
		key := keyOf(id, first)
		seen := false
		err := b.walk(key[:len(key)-1], func(s *Signed) error {
			seen = true
			if s.Sequence > after {
				page = append(page, *s)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the receipts of channel %s: %w", id, err)
		}
		if !seen {
			break
		}
	}
	return page, nil
}
