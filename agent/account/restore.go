package account

import (
	"fmt"

	"github.com/chitpay/chit/vouchers"
)

// Finding is what a recovery would write into the book. Amounts are atomic units.
type Finding struct {
	Channel vouchers.ChannelID `json:"channel"`
	// Server is whom the channel pays, empty if that is not known.
	Server string `json:"server,omitempty"`
	// Known is the highest ceiling that the book knows to be signed, Spent what the book
	// has as charged; both are 0 where the book is lost.
	Known vouchers.Amount `json:"known"`
	Spent vouchers.Amount `json:"spent"`
	// Charged is what the book would have as charged, Signed the highest ceiling: what is
	// in them beyond the book counts as spent.
	Charged vouchers.Amount `json:"charged"`
	Signed  vouchers.Amount `json:"signed"`
	// Claimed is what the chain's nodes say is claimed.
	Claimed vouchers.Amount `json:"claimed"`
	// Proven says that the server shows a voucher of the payer's own for all of it. Else
	// nobody says so but the chain's nodes.
	Proven bool `json:"proven"`

	vouched vouchers.Amount // the highest ceiling of which a voucher is known
}

// Beyond says whether more is found than the book knows to be signed: the book is lost
// or old, or somebody lies.
func (f Finding) Beyond() bool { return f.Signed > f.Known }

// Unagreed is the error where nobody agrees to a finding.
func (f Finding) Unagreed() error {
	return fmt.Errorf("%w: %s is signed or claimed in channel %s, the book knows of %s, and nobody agreed to count the rest as spent", ErrOldBook, f.Signed, f.Channel, f.Known)
}

// Weigh is what a proof, nil if there is none, and the chain come to.
func (a *Account) Weigh(proven *Proof, claimed vouchers.Amount) Finding {
	a.lock()
	defer a.look()
	f := Finding{
		vouched: a.signed.Minus(a.unvouched()),
		Known:   a.signed, Spent: a.charged.Minus(a.offset).Plus(a.doubt),
		Charged: claimed, Signed: max(a.signed, claimed), Claimed: claimed,
	}
	if proven == nil {
		return f
	}
	if proven.Ceiling != nil {
		f.vouched = max(f.vouched, *proven.Ceiling)
	}
	f.Charged, f.Signed, f.Proven = max(claimed, proven.Charged), max(f.Signed, f.vouched), claimed <= f.vouched
	return f
}

// Mark is where an account stood before somebody was asked about it.
type Mark struct {
	charged  vouchers.Amount
	signings uint64
	quiet    bool // nothing was in flight
}

// Mark is where the account stands now.
func (a *Account) Mark() Mark {
	a.lock()
	defer a.look()
	return Mark{a.charged, a.signings, a.flying == 0}
}

// Restore takes over a finding, which somebody has agreed to, in place of all that was
// known before it was asked for. What it adds counts as spent. Where calls were made
// meanwhile, by other processes with the same book too, it may know of some of them, and
// is taken over as far as it says more than they can come to, or less than was charged
// before.
func (a *Account) Restore(state vouchers.ChainState, f Finding, before Mark) error {
	a.lock()
	defer a.unlock()
	if f.Charged > f.Signed {
		return fmt.Errorf("%w: %s charged under a voucher of %s", ErrDishonest, f.Charged, f.Signed)
	}
	if !before.quiet || a.flying > 0 || a.signings != before.signings {
		return a.restoreBesideCalls(state, f, before)
	}
	if a.tally != nil {
		more := f.Charged.Minus(a.charged.Plus(a.doubt))
		beyond := f.Signed.Minus(max(a.signed, f.Charged))
		if err := a.tally.Restore(more, beyond); err != nil {
			return err
		}
	}
	if a.tally != nil {
		known := a.charged.Plus(a.doubt)
		resolved := min(a.doubt, known.Minus(f.Charged))
		a.tally.Resolve(a.doubt.Minus(resolved), resolved)
		a.tally.ComeBack(known.Minus(f.Charged.Plus(resolved)))
	}
	fresh := newFigures(state.Balance, f.Charged, f.Signed)
	fresh.signings, fresh.block, fresh.most = a.signings, state.Block, max(a.most, state.Balance)
	fresh.offset = min(a.offset.Minus(a.charged.Minus(f.Charged)), f.Charged)
	fresh.disputed, fresh.uncharged, fresh.vouched = a.disputed, a.uncharged, f.vouched
	a.figures = fresh
	return nil
}

// restoreBesideCalls is [Account.Restore] where calls were made since the finding was asked for.
func (a *Account) restoreBesideCalls(state vouchers.ChainState, f Finding, before Mark) error {
	if beyond := f.Signed.Minus(max(a.signed, f.Charged)); beyond > 0 && a.tally != nil {
		if err := a.tally.Restore(0, beyond); err != nil {
			return err
		}
	}
	a.signed, a.gone, a.vouched = max(a.signed, f.Signed), max(a.gone, f.Signed), max(a.vouched, f.vouched)
	a.balance, a.most, a.block = state.Balance, max(a.most, state.Balance), state.Block
	switch less := min(before.charged.Minus(f.Charged), a.charged); {
	case less > 0:
		a.seen = a.seen.Minus(less)
		a.rebase(a.charged-less, a.doubt)
	case f.Charged > a.committed():
		a.takeOver(f.Charged, 0)
	}
	return nil
}
