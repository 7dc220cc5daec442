package pay

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// trail is what a payer knows of a channel's receipts: enough to hold the next ones
// against them.
type trail struct {
	known map[uint64][]link // by number; more than one where the seller contradicts itself
	order []uint64          // the numbers as they came, for the oldest to be forgotten
}

// link is a receipt as the next one names it, with the one before and what was charged by
// then.
type link struct {
	digest, previous common.Hash
	cumulative       vouchers.Amount
}

// remembered is how many receipts of a channel a trail knows: more than are in flight.
const remembered = 4096

// fits says whether a receipt follows those before it, and the one after follows it, as
// far as they are known.
func (t *trail) fits(r *receipts.Receipt, digest common.Hash) bool {
	after := t.known[r.Sequence+1]
	if len(t.known[r.Sequence]) == 0 && len(after) > 0 && !slices.ContainsFunc(after, func(l link) bool { return l.previous == digest }) {
		return false
	}
	if r.Sequence == 1 {
		return r.Previous == (common.Hash{})
	}
	before := t.known[r.Sequence-1]
	return r.Sequence > 0 && (len(before) == 0 || slices.ContainsFunc(before, func(l link) bool {
		total, ok := l.cumulative.Add(r.Charged)
		return r.Previous == l.digest && ok && total == r.Cumulative
	}))
}

func (t *trail) add(sequence uint64, l link) {
	if slices.Contains(t.known[sequence], l) {
		return
	}
	if len(t.order) >= remembered {
		delete(t.known, t.order[0])
		t.order = t.order[1:]
	}
	t.known[sequence] = append(t.known[sequence], l)
	t.order = append(t.order, sequence)
}

// attested returns the digest of a receipt that a seller has signed, by the channel's
// receiver authorizer or a key that the payer's owner has named. Errors wrap
// [receipts.ErrSigner], [receipts.ErrFormat] or [vouchers.ErrSignature].
func (p *Payer) attested(r *receipts.Signed, authorizer common.Address) (common.Hash, error) {
	if len(r.Resource) > receipts.MaxResource {
		return common.Hash{}, fmt.Errorf("%w: its resource has %d bytes, at most %d are taken", receipts.ErrFormat, len(r.Resource), receipts.MaxResource)
	}
	digest, err := r.Digest()
	if err != nil {
		return common.Hash{}, err
	}
	signer, err := vouchers.Recover(digest, r.Signature)
	if err == nil && signer != authorizer && !slices.Contains(p.receiptSigners, signer) {
		err = fmt.Errorf("%w: %s signed it, the channel's receiver authorizer is %s", receipts.ErrSigner, signer, authorizer)
	}
	return digest, err
}

// follow adds a receipt to those of its channel, if it fits. The caller holds filing.
func (p *Payer) follow(r *receipts.Signed, digest common.Hash) (bool, error) {
	t := p.trails[r.Channel]
	if t == nil {
		t = &trail{known: make(map[uint64][]link)}
		if p.book != nil && r.Sequence > 1 {
			before, err := linksIn(p.book, r.Channel, r.Sequence-1)
			if err != nil {
				return false, err
			}
			for _, l := range before {
				t.add(r.Sequence-1, l)
			}
		}
		p.trails[r.Channel] = t
	}
	if !t.fits(&r.Receipt, digest) {
		return false, nil
	}
	t.add(r.Sequence, link{digest, r.Previous, r.Cumulative})
	return true, nil
}

// links are the receipts of a number that the book has.
func linksIn(book *book.Book, id vouchers.ChannelID, sequence uint64) (all []link, err error) {
	kept, err := book.Numbered(id, sequence)
	if err != nil {
		return nil, err
	}
	for _, r := range kept {
		digest, err := r.Digest()
		if err != nil {
			return nil, err
		}
		all = append(all, link{digest, r.Previous, r.Cumulative})
	}
	return all, nil
}
