package pay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chitpay/chit/agent/account"
	"github.com/chitpay/chit/agent/book"
	"github.com/chitpay/chit/agent/dial"
	"github.com/chitpay/chit/agent/naming"
	"github.com/chitpay/chit/agent/policy"
	"github.com/chitpay/chit/agent/terms"
	"github.com/chitpay/chit/vouchers"
	"github.com/chitpay/chit/x402"
)

// channel is an account with what its vouchers are signed with.
type channel struct {
	*account.Account
	*terms.Terms

	wantsFull atomic.Bool   // the server has not understood a payment in the short form
	forgotten atomic.Uint64 // the epoch of the server's books where they know of less than receipts prove, else 0

	saving sync.Mutex // guards saved
	saved  time.Time

	funding chan struct{} // holds a token while a deposit is under way
}

func newChannel(a *account.Account, t *terms.Terms) *channel {
	return &channel{Account: a, Terms: t, funding: make(chan struct{}, 1)}
}

// channelOf returns the channel of terms: as it is in use, as the book has it, or as
// the chain does.
func (p *Payer) channelOf(ctx context.Context, t *terms.Terms) (*channel, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	if ch := p.channels[t.ID]; ch != nil {
		return ch, nil
	}
	var claimed vouchers.Amount
	ch, err := p.open(ctx, t, func() (r account.Record, err error) {
		r, claimed, err = p.load(ctx, t)
		return r, err
	})
	if err != nil {
		return nil, err
	}
	if err := ch.Knows(claimed); err != nil {
		delete(p.channels, t.ID)
		return nil, errors.Join(err, ch.Close())
	}
	if err := p.occupy(ch); err != nil { // another server that names it is told apart from now on
		delete(p.channels, t.ID)
		clear(p.terms)
		return nil, errors.Join(err, ch.Close())
	}
	return ch, nil
}

// open makes the account of a channel that is not in use yet, with a fresh record unless
// another process with the same book uses it. The caller holds learning.
func (p *Payer) open(ctx context.Context, t *terms.Terms, fresh func() (account.Record, error)) (*channel, error) {
	o := account.Options{
		Channel: t.ID, Tally: p.purse.Tally(t.ID), Hold: p.Limits.Hold,
		HeldUp: dial.Over("Hold", p.Limits.Hold, "other calls of the channel have waited for this one for too long"),
	}
	if p.book != nil {
		o.Folder = p.book.Folder()
	}
	a, err := account.Open(ctx, o, fresh)
	if err != nil {
		return nil, err
	}
	p.channels[t.ID] = newChannel(a, t)
	return p.channels[t.ID], nil
}

// load is a channel as the book has it. Of one that the book does not have nothing was
// signed, whatever the chain's node says is claimed.
func (p *Payer) load(ctx context.Context, t *terms.Terms) (r account.Record, claimed vouchers.Amount, err error) {
	if p.book != nil {
		entry, found, err := p.book.Channel(t.ID)
		if err != nil {
			return account.Record{}, 0, err
		}
		if found {
			return entry.Record, 0, nil
		}
	}
	state, err := t.Contract.State(ctx, t.Config, 1)
	if err != nil {
		return account.Record{}, 0, err
	}
	return account.Record{Balance: state.Balance}, state.Claimed, nil
}

// refresh takes over what the chain says of a channel's balance. It fails with
// [account.ErrOldBook] where more is claimed than was signed.
func (p *Payer) refresh(ctx context.Context, ch *channel) error {
	if _, err := p.lookAt(ctx, ch); err != nil {
		return err
	}
	p.owe(p.write(ch))
	return nil
}

func (p *Payer) write(ch *channel) error {
	if err := ch.Trouble(); err != nil || p.book == nil {
		return err
	}
	return p.book.Put(ch.entry(p.nameOf(ch)))
}

// nameOf is the server of a channel in the book. A plain HTTP resource does not take the
// place of the MCP endpoint that the channel pays as well.
func (p *Payer) nameOf(ch *channel) string {
	if p.DepositBy == nil {
		if kept, found, err := p.book.Channel(ch.ID); err == nil && found && kept.Server != "" {
			return kept.Server
		}
	}
	return p.Server
}

func (ch *channel) entry(server string) book.Entry {
	return book.Entry{Channel: ch.ID, Deployment: ch.Contract.Deployment(), Config: ch.Config, Server: server, Record: ch.Record()}
}

// note writes a channel into the book now and then. What cannot be written is owed.
func (p *Payer) note(ch *channel) {
	ch.saving.Lock()
	defer ch.saving.Unlock()
	if time.Since(ch.saved) < saveEvery {
		p.owe(ch.Trouble())
		return
	}
	ch.saved = time.Now()
	p.owe(errors.Join(p.write(ch), p.purse.Flush(), p.receipts.Flush()))
}

func (p *Payer) save() error {
	p.learning.Lock()
	defer p.learning.Unlock()
	errs := []error{p.purse.Flush(), p.receipts.Flush()}
	for _, ch := range p.channels {
		errs = append(errs, p.write(ch))
	}
	return errors.Join(errs...)
}

// leave gives the channels back to other processes with the same book.
func (p *Payer) leave() error {
	p.learning.Lock()
	defer p.learning.Unlock()
	var errs []error
	for id, ch := range p.channels {
		errs = append(errs, ch.Close())
		delete(p.channels, id)
	}
	return errors.Join(errs...)
}

func (p *Payer) sign(ctx context.Context, ch *channel, ceiling vouchers.Amount) (x402.SignedVoucher, error) {
	v := vouchers.Voucher{Channel: ch.ID, Ceiling: ceiling}
	signature, err := p.session.SignHash(ctx, ch.Contract.Domain().VoucherDigest(v))
	if err != nil {
		return x402.SignedVoucher{}, fmt.Errorf("sign a voucher of %s: %w", ceiling, err)
	}
	return x402.SignedVoucher{ChannelID: ch.ID, MaxClaimableAmount: ceiling, Signature: signature}, nil
}

// signCharged signs a voucher that pays for nothing.
func (p *Payer) signCharged(ctx context.Context, ch *channel) (x402.SignedVoucher, error) {
	charged, err := ch.Vouch()
	if err != nil {
		return x402.SignedVoucher{}, err
	}
	return p.sign(ctx, ch, charged)
}

// check accepts a corrective answer that proves itself: by a voucher that this client
// signed, or by claiming no more than the chain knows.
func (p *Payer) check(ctx context.Context, ch *channel, required *x402.PaymentRequired) (*account.Proof, error) {
	for _, entry := range required.Accepts {
		state, shown := entry.Extra.ChannelState, entry.Extra.VoucherState
		if !entry.Is(x402.SchemeBatchSettlement) || state == nil || state.ChannelID != ch.ID || state.ChargedCumulativeAmount == nil {
			continue
		}
		return p.checkState(ctx, ch, *state.ChargedCumulativeAmount, shown)
	}
	return nil, fmt.Errorf("%w: it refuses the voucher and does not say where the channel stands", policy.ErrTerms)
}

// checkState is check for what a server says is charged, and the voucher that it shows for
// that.
func (p *Payer) checkState(ctx context.Context, ch *channel, charged vouchers.Amount, shown *x402.VoucherState) (*account.Proof, error) {
	if shown == nil || shown.SignedMaxClaimable == nil {
		return p.checkWithChain(ctx, ch, charged)
	}
	ceiling := *shown.SignedMaxClaimable
	digest := ch.Contract.Domain().VoucherDigest(vouchers.Voucher{Channel: ch.ID, Ceiling: ceiling})
	signer, err := vouchers.Recover(digest, shown.Signature)
	if err != nil || signer != p.session.Address() {
		return nil, fmt.Errorf("%w: the voucher of %s that it shows is not signed by this client", account.ErrDishonest, ceiling)
	}
	return &account.Proof{Charged: charged, Ceiling: &ceiling}, nil
}

func (p *Payer) checkWithChain(ctx context.Context, ch *channel, charged vouchers.Amount) (*account.Proof, error) {
	state, err := ch.Contract.State(ctx, ch.Config, 1)
	if err != nil {
		return nil, err
	}
	if charged > state.Claimed {
		return nil, fmt.Errorf("%w: it reports %s charged, the chain knows of %s and it shows no voucher", account.ErrDishonest, charged, state.Claimed)
	}
	return &account.Proof{Charged: state.Claimed}, nil
}

// entries are the channels to the server that this payer's vouchers draw on, in use or
// in the book.
func (p *Payer) entries() ([]book.Entry, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	entries := []book.Entry{}
	for _, ch := range p.channels {
		entries = append(entries, ch.entry(p.Server))
	}
	if p.book == nil {
		return entries, nil
	}
	kept, err := p.book.ChannelsTo(p.Server)
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		if p.channels[e.Channel] == nil && e.Deployment.ChainID == p.chain.ChainID() &&
			e.Config.Payer == p.key.Address() && e.Config.VoucherSigner() == p.session.Address() {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// known are all channels, as they are in use or else as the book has them.
func (p *Payer) known() ([]book.Entry, error) {
	p.learning.Lock()
	defer p.learning.Unlock()
	var all []book.Entry
	for _, ch := range p.channels {
		all = append(all, ch.entry(p.Server))
	}
	if p.book == nil {
		return all, nil
	}
	kept, err := p.book.Channels()
	if err != nil {
		return nil, err
	}
	for _, e := range kept {
		if p.channels[e.Channel] == nil {
			all = append(all, e)
		}
	}
	return all, nil
}

// occupy writes a channel into the book when it is first used, unless another one was
// opened for the shop since its terms were learnt, by this process or another. The caller
// holds learning.
func (p *Payer) occupy(ch *channel) error {
	entry, shop := ch.entry(p.Server), naming.Shop(p.Server)
	rivals := func(e book.Entry) error {
		if e.Channel == ch.ID || e.Left || naming.Shop(e.Server) != shop || !ch.Like(e) {
			return nil
		}
		return fmt.Errorf("%w: channel %s was opened for %s meanwhile; call again", policy.ErrTerms, e.Channel, shop)
	}
	for _, other := range p.channels {
		if err := rivals(other.entry(p.Server)); err != nil {
			return err
		}
	}
	if p.book == nil {
		return nil
	}
	entry.Server = p.nameOf(ch)
	return p.book.Add(entry, rivals)
}
