package filing

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/vouchers/receipts"
)

// Trail is what a payer knows of a channel's receipts: enough to hold the next ones
// against them.
type Trail struct {
	known map[uint64][]link // by number; more than one where the seller contradicts itself
	proof *receipts.Signed  // which proves most charged; nil is none
	epoch uint64            // of the newest
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
// far as they are known. One that is known already is that of another call.
func (t *Trail) fits(r *receipts.Receipt, digest common.Hash) bool {
	if slices.ContainsFunc(t.known[r.Sequence], func(l link) bool { return l.digest == digest }) {
		return false
	}
	after := t.known[r.Sequence+1]
	if len(t.known[r.Sequence]) == 0 && len(after) > 0 && !slices.ContainsFunc(after, func(l link) bool { return l.previous == digest }) {
		return false
	}
	epoch, within := vouchers.EpochOf(r.Sequence)
	switch {
	case within == 0 || r.Charged > r.Cumulative:
		return false
	case within == 1 && epoch == 0:
		return r.Previous == (common.Hash{})
	case within == 1:
		return t.opens(r, epoch)
	}
	before := t.known[r.Sequence-1]
	return len(before) == 0 || slices.ContainsFunc(before, func(l link) bool { return l.isBefore(r) })
}

// opens says whether a receipt may be the first of an epoch. What it follows is one of an epoch
// before: where the payer has that, it adds up; else it is one that the payer has not seen.
func (t *Trail) opens(r *receipts.Receipt, epoch uint64) bool {
	for number, links := range t.known {
		for _, l := range links {
			if of, _ := vouchers.EpochOf(number); l.digest == r.Previous && (of >= epoch || !l.isBefore(r)) {
				return false
			}
		}
	}
	return true
}

// isBefore says whether a receipt names this one as the one before, and comes on top of it.
func (l link) isBefore(r *receipts.Receipt) bool {
	total, ok := l.cumulative.Add(r.Charged)
	return r.Previous == l.digest && ok && total == r.Cumulative
}

func (t *Trail) add(sequence uint64, l link) {
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

// linksIn are the receipts of a number that the book has.
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

// After is what the book has of a channel's receipts of a number, for those after them.
func (c *Cabinet) After(id vouchers.ChannelID, sequence uint64) (*Trail, error) {
	before, err := linksIn(c.book, id, sequence)
	return &Trail{known: map[uint64][]link{sequence: before}}, err
}

// Continues adds the receipt that a server gives for the next one of a channel, if it is that
// one: the next number, or the first of a later epoch. Those before it come to sum, and all to
// most at the most, which is what was signed. It returns what they come to with this one: a
// server that opens an epoch has forgotten some, and says what it goes on from.
func (t *Trail) Continues(r *receipts.Signed, digest common.Hash, id vouchers.ChannelID, after uint64, sum, most vouchers.Amount) (vouchers.Amount, error) {
	opens := vouchers.BeginsEpoch(after, r.Sequence)
	if opens {
		sum = r.Cumulative.Minus(r.Charged)
	}
	switch {
	case r.Channel != id || r.Sequence != after+1 && !opens:
		return 0, fmt.Errorf("%w: it gives receipt %d of channel %s where %d of channel %s was asked for", account.ErrDishonest, r.Sequence, r.Channel, after+1, id)
	case !t.fits(&r.Receipt, digest):
		return 0, fmt.Errorf("%w: receipt %d does not follow receipt %d", account.ErrDishonest, r.Sequence, after)
	case r.Charged == 0 || r.Charged > most.Minus(sum):
		return 0, fmt.Errorf("%w: receipt %d of %s after %s, and no more than %s was ever signed", account.ErrDishonest, r.Sequence, r.Charged, sum, most)
	}
	t.add(r.Sequence, link{digest, r.Previous, r.Cumulative})
	return sum + r.Charged, nil
}
