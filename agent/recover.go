package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/chitpay/chit/chain"
	"github.com/chitpay/chit/escrow"
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

// unagreed is the error where nobody agrees to a finding.
func (f Finding) unagreed() error {
	return fmt.Errorf("%w: %s is signed or claimed in channel %s, the book knows of %s, and nobody agreed to count the rest as spent", ErrOldBook, f.Signed, f.Channel, f.Known)
}

// Recover writes the channel to the server into the book anew: from the chain, where all
// configured endpoints must say the same, and from the server's corrective answer, which
// must prove itself by a voucher of the payer's own. What that adds to the book counts as
// spent. Where it is beyond what the book knows to be signed, [Options.Agree] is asked;
// without one it is taken over if it is proven. It costs nothing, and no calls may be in
// flight. Errors wrap [ErrNoChannel] if the chain knows of no such channel, and
// [ErrOldBook] if nobody agrees.
func (c *Client) Recover(ctx context.Context) (Entry, error) {
	by, err := c.pricedTool(ctx)
	if err != nil {
		return Entry{}, fmt.Errorf("recover: %w", err)
	}
	return c.recoverBy(ctx, by)
}

// Recover is [Client.Recover] for the channel that pays for a resource.
func (c *HTTPClient) Recover(ctx context.Context, r HTTPRequest) (Entry, error) {
	var last *HTTPResponse
	return c.recoverBy(ctx, c.want(r, &last))
}

func (p *payer) recoverBy(ctx context.Context, by *wanted) (Entry, error) {
	ch, err := p.recovered(ctx, by)
	if err == nil {
		err = p.write(ch)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("recover: %w", err)
	}
	return ch.entry(p.server), nil
}

func (p *payer) recovered(ctx context.Context, by *wanted) (*channel, error) {
	p.unlearn()
	t, err := p.listedTerms(recovering(ctx), by)
	if err != nil {
		return nil, err
	}
	state, err := stateOf(ctx, p.chain, t.addresses.Escrow, t.config)
	if err != nil {
		return nil, err
	}
	if state.Balance == 0 && state.Claimed == 0 {
		return nil, fmt.Errorf("%w to %s: the chain knows of none with the id %s", ErrNoChannel, p.server, t.id)
	}
	ch, fresh, err := p.asKept(ctx, t, state.Balance)
	if err != nil {
		return nil, err
	}
	if err := p.recoverAs(ctx, ch, by, state); err != nil {
		if fresh {
			err = errors.Join(err, p.drop(ch))
		}
		return nil, err
	}
	return ch, nil
}

func (p *payer) recoverAs(ctx context.Context, ch *channel, by *wanted, state vouchers.ChainState) error {
	before := ch.mark()
	proven, err := p.standing(ctx, ch, by)
	if err != nil {
		return err
	}
	found := ch.finding(proven, state.Claimed)
	found.Channel, found.Server = ch.id, p.server
	if err := p.agreed(ctx, found); err != nil {
		return err
	}
	return ch.restore(state, found, before)
}

func (p *payer) agreed(ctx context.Context, found Finding) error {
	if !found.Beyond() || p.agree == nil && found.Proven {
		return nil
	}
	if p.agree == nil {
		return found.unagreed()
	}
	yes, err := p.agree(ctx, found)
	if err == nil && !yes {
		err = found.unagreed()
	}
	return err
}

// stateOf asks every endpoint for a channel's state. Those that do not answer are left
// out, as long as one does.
func stateOf(ctx context.Context, client *chain.Client, address common.Address, config vouchers.ChannelConfig) (state vouchers.ChainState, err error) {
	var silent []error
	answered := ""
	for _, one := range client.Apart() {
		contract := escrow.At(one, address)
		said, err := contract.State(ctx, config, 1)
		switch {
		case err != nil:
			silent = append(silent, err)
		case answered == "":
			state, answered = said, one.Endpoint()
		case said.Balance != state.Balance || said.Claimed != state.Claimed:
			return state, fmt.Errorf("%w: %s says that channel %s has %s with %s claimed, %s says %s with %s; ask again in a moment, and take the one that lies out of the configuration",
				ErrTerms, answered, contract.Domain().ChannelID(config), state.Balance, state.Claimed, one.Endpoint(), said.Balance, said.Claimed)
		}
	}
	if answered == "" {
		return state, errors.Join(silent...)
	}
	return state, nil
}

// asKept is the channel as it is in use or in the book, whatever the chain says of it. It
// is fresh where it was not in use.
func (p *payer) asKept(ctx context.Context, t *terms, balance vouchers.Amount) (ch *channel, fresh bool, err error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[t.id]; ch != nil {
		return ch, false, nil
	}
	ch, err = p.open(ctx, t, func() (figures, error) {
		if p.book == nil {
			return newFigures(balance, 0, 0), nil
		}
		entry, found, err := p.book.Channel(t.id)
		if err != nil || !found {
			return newFigures(balance, 0, 0), err
		}
		return entry.figures(), nil
	})
	return ch, true, err
}

// drop leaves a channel as if it had not been opened.
func (p *payer) drop(ch *channel) error {
	p.learning.Lock()
	defer p.learning.Unlock()
	delete(p.channels, ch.id)
	return ch.board.close()
}

// finding is what a proof, nil if there is none, and the chain come to.
func (a *account) finding(proven *proof, claimed vouchers.Amount) Finding {
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
	if proven.ceiling != nil {
		f.vouched = max(f.vouched, *proven.ceiling)
	}
	f.Charged, f.Signed, f.Proven = max(claimed, proven.charged), max(f.Signed, f.vouched), claimed <= f.vouched
	return f
}

// mark is where an account stood before somebody was asked about it.
type mark struct {
	charged  vouchers.Amount
	signings uint64
	quiet    bool // nothing was in flight
}

func (a *account) mark() mark {
	a.lock()
	defer a.look()
	return mark{a.charged, a.signings, a.flying == 0}
}

// restore takes over a finding, which somebody has agreed to, in place of all that was
// known before it was asked for. What it adds counts as spent. Where calls were made
// meanwhile, by other processes with the same book too, it may know of some of them, and
// is taken over as far as it says more than they can come to, or less than was charged
// before.
func (a *account) restore(state vouchers.ChainState, f Finding, before mark) error {
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
		if err := a.tally.restore(more, beyond); err != nil {
			return err
		}
	}
	if a.tally != nil {
		known := a.charged.Plus(a.doubt)
		resolved := min(a.doubt, known.Minus(f.Charged))
		a.tally.resolve(a.doubt.Minus(resolved), resolved)
		a.tally.comeBack(known.Minus(f.Charged.Plus(resolved)))
	}
	fresh := newFigures(state.Balance, f.Charged, f.Signed)
	fresh.signings, fresh.block, fresh.most = a.signings, state.Block, max(a.most, state.Balance)
	fresh.offset = min(a.offset.Minus(a.charged.Minus(f.Charged)), f.Charged)
	fresh.disputed, fresh.uncharged, fresh.vouched = a.disputed, a.uncharged, f.vouched
	a.figures = fresh
	return nil
}

// restoreBesideCalls is restore where calls were made since the finding was asked for.
func (a *account) restoreBesideCalls(state vouchers.ChainState, f Finding, before mark) error {
	if beyond := f.Signed.Minus(max(a.signed, f.Charged)); beyond > 0 && a.tally != nil {
		if err := a.tally.restore(0, beyond); err != nil {
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
